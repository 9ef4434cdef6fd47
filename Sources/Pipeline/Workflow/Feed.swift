package import Foundation
package import HL7
package import Practice

/// Where a feed keeps an identifier, and how far it is believed.
package struct IdentifierRule: Sendable {
    /// The whole field (`PID-3`); every repetition is an identifier of its own.
    package let path: Path
    package let kind: Identifier.Kind
    /// Only repetitions of these types (CX-5) count; empty: all.
    package let types: [String]
    /// The component of the same repetition that names the authority; nil or empty there: `authority`.
    package let authorityComponent: Int?
    package let authority: String
    package let trust: Int16

    init?(_ section: Section) {
        section.allow(["path", "kind", "types", "authority", "authority-component", "trust"])
        types = (section.list("types") ?? []).map { $0.text.uppercased() }
        authority = section.scalar("authority")?.text ?? ""
        authorityComponent = section.number("authority-component", in: 1...20)
        trust = Int16(section.number("trust", in: 0...100) ?? 50)
        let path = section.required("path").flatMap { section.path($0) }
        let kind = section.required("kind") == nil ? nil : section.word("kind", Identifier.Kind.self)
        guard let path, let kind else { return nil }
        self.path = path
        self.kind = kind
    }
}

/// What SCH-23 and SCH-24 mean in a feed.
package enum ParentMeaning: String, Codable, Sendable, CaseIterable {
    /// The appointment that this one takes the place of.
    case replaces
    /// The series that this one is an occurrence of.
    case series
    case ignored
}

/// How a kind of sender writes: `profiles/NAME.yaml`, which many feeds may name.
package struct Profile: Sendable {
    package let name: String
    let practicePath: Path?
    let personKey: [Path]
    let identifiers: [IdentifierRule]
    let personIdentifiers: [IdentifierRule]
    let fields: [FieldName: [Path]]
    let unmapped: [TableName: Unmapped]
    let parents: ParentMeaning
    let idsTradePlaces: Bool
    let stampsAdded: Bool
    let midnightNoShow: Bool
    let interimWaitList: Bool
    let zone: TimeZone?
    let charset: Charset?

    init(_ section: Section) {
        section.allow([
            "profile", "practice-path", "person-key", "identifiers", "person-identifiers", "fields", "unmapped",
            "parents", "ids-trade-places", "stamps-added", "midnight-no-show", "interim-wait-list", "zone", "charset",
        ])
        name = section.required("profile")?.text ?? section.file
        practicePath = section.path("practice-path")
        personKey = section.paths("person-key") ?? []
        identifiers = (section.sections("identifiers") ?? []).compactMap(IdentifierRule.init)
        personIdentifiers = (section.sections("person-identifiers") ?? []).compactMap(IdentifierRule.init)
        fields = section.section("fields").map(WorkflowRules.fields) ?? [:]
        unmapped = section.section("unmapped").map(WorkflowRules.unmapped) ?? [:]
        parents = section.word("parents", ParentMeaning.self) ?? .replaces
        idsTradePlaces = section.flag("ids-trade-places") ?? true
        stampsAdded = section.flag("stamps-added") ?? false
        midnightNoShow = section.flag("midnight-no-show") ?? false
        interimWaitList = section.flag("interim-wait-list") ?? false
        zone = section.zone("zone")
        charset = section.charset("charset")
    }
}

/// The profiles of a folder. `isIncomplete`: a file of one cannot be read, so that a name may be its.
struct Profiles {
    var known: [String: Profile] = [:]
    var isIncomplete = false
}

/// One stream of messages from one sender, of one practice or of several.
package struct Feed: Sendable {
    package let name: String
    package let profile: String
    /// The listener that the feed has for itself; nil: any.
    package let port: Int?
    /// The folder that is watched for its files; relative ones are under the data folder.
    package let folder: String?
    /// Of a tap: the destination that the replaced interface tells.
    package let tapOf: String?
    /// MSH-3.1 and MSH-4.1, where the feed is told by them.
    package let sender: String?
    package let facility: String?
    /// Where the message names its practice; nil: the feed has one practice only.
    package let practicePath: Path?
    /// The practices that the feed carries, by the value at `practicePath` ("" where there is none).
    package internal(set) var practices: [String: String]
    var zones: [String: TimeZone]
    var silences: [String: Rhythm.Declared]
    /// A name of table 0211 that overrules MSH-18.
    package let charset: Charset?
    /// Test messages (MSH-11 = T) park.
    package let isProduction: Bool
    /// The park codes that the sender is told about with AE instead of AA.
    package let refuses: Set<ParkCode>
    package let personKey: [Path]
    package let identifiers: [IdentifierRule]
    package let personIdentifiers: [IdentifierRule]
    /// The workflow's path lists with the profile's in their place.
    package let fields: [FieldName: [Path]]
    package let unmapped: [TableName: Unmapped]
    package let parents: ParentMeaning
    package let idsTradePlaces: Bool
    /// The sender marks every line of resources as added: what a message lists of a kind is all there is.
    package let stampsAdded: Bool
    /// At midnight the PM makes a no-show of who is still expected, and no message is relied on for it.
    package let midnightNoShow: Bool
    /// A wait-list entry ends when its person is booked for the same event, and no message says so.
    package let interimWaitList: Bool

    static let keys = [
        "feed", "profile", "port", "folder", "sender", "facility", "practice-value", "zone", "charset", "production",
        "refuse", "silent-after",
    ]

    /// A feed as one practice's file states it; what is wrong in it is told whole. nil: it has no name, or its profile is
    /// not there.
    init?(
        _ section: Section, practice: String, profiles: Profiles, workflow: WorkflowRules?, isTap: Bool = false
    ) {
        section.allow(isTap ? Self.tapKeys : Self.keys)
        let destination = isTap ? section.required("destination") : nil
        let name = section.required(isTap ? "tap" : "feed")
        let profileName = section.scalar("profile")
        let profile = profiles.known[profileName?.text ?? "standard"]
        if profile == nil, !profiles.isIncomplete {
            section.problems.unknown(
                "profile", profileName?.text ?? "standard", among: profiles.known.keys.sorted(), section.file,
                profileName?.line ?? section.line)
        }
        port = section.number("port", in: 1...65535)
        folder = section.scalar("folder")?.text
        tapOf = destination?.text
        sender = section.scalar("sender")?.text
        facility = section.scalar("facility")?.text
        isProduction = section.flag("production") ?? true
        refuses = Set(section.words("refuse", ParkCode.self))
        let ownZone = section.zone("zone")
        let ownCharset = section.charset("charset")
        let silence = section.silentAfter()
        guard let name, let profile, !isTap || destination != nil else { return nil }
        self.name = name.text
        self.profile = profile.name
        practicePath = profile.practicePath
        let values = section.list("practice-value")
        if practicePath != nil, values == nil {
            section.problems.add(section.file, section.line, "\"practice-value\" is missing: the profile tells by it")
        }
        if practicePath == nil, let values, let first = values.first {
            section.problems.add(section.file, first.line, "the profile has no \"practice-path\" to find the value at")
        }
        let stated = practicePath == nil ? [""] : (values ?? []).map(\.text)
        practices = Dictionary(stated.map { ($0, practice) }) { first, _ in first }
        zones = (ownZone ?? profile.zone).map { [practice: $0] } ?? [:]
        charset = ownCharset ?? profile.charset
        silences = [practice: silence]
        personKey = profile.personKey
        identifiers = profile.identifiers
        personIdentifiers = profile.personIdentifiers
        fields = (workflow?.fields ?? [:]).merging(profile.fields) { $1 }
        unmapped = (workflow?.unmapped ?? [:]).merging(profile.unmapped) { $1 }
        parents = profile.parents
        idsTradePlaces = profile.idsTradePlaces
        stampsAdded = profile.stampsAdded
        midnightNoShow = profile.midnightNoShow
        interimWaitList = profile.interimWaitList
    }

    /// The zone that the feed's times are in, where it is not the practice's.
    package func zone(of practice: String) -> TimeZone? { zones[practice] }

    /// When the feed's silence matters to a practice.
    package func silentAfter(of practice: String) -> Rhythm.Declared { silences[practice] ?? .learned }

    /// How closely the feed's marks fit a message; nil when one does not.
    func fit(sender: String, facility: String, port: Int?) -> Int? {
        if let own = self.port, own != port { return nil }
        if let own = self.sender, own != sender { return nil }
        if let own = self.facility, own != facility { return nil }
        return (self.sender == nil ? 0 : 4) + (self.facility == nil ? 0 : 2) + (self.port == nil ? 0 : 1)
    }

    var marks: [String?] { [port.map(String.init), sender, facility, folder] }

    /// Whether a message that came by no folder may be its: what has nothing but a folder is told by nothing else.
    var isToldByMessages: Bool { folder == nil || port != nil || sender != nil || facility != nil }
}

extension Section {
    func zone(_ key: String) -> TimeZone? {
        scalar(key).flatMap { value in
            if let zone = TimeZone(identifier: value.text) { return zone }
            problems.unknown("zone", value.text, among: TimeZone.knownTimeZoneIdentifiers, file, value.line)
            return nil
        }
    }

    func charset(_ key: String) -> Charset? {
        scalar(key).flatMap { value in
            if let charset = Charset(value.text) { return charset }
            let known = ["ASCII", "UNICODE UTF-8", "8859/1", "8859/15", "WINDOWS-1252"]
            problems.unknown("charset", value.text, among: known, file, value.line)
            return nil
        }
    }
}
