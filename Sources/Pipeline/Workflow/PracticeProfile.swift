package import Foundation
package import Practice

/// Whether a destination is served.
package enum DestinationMode: String, Codable, Sendable, CaseIterable {
    case off, shadow, live
}

/// A booking app that hears of the practice's changes: the name that `pmsync client add` gave it, and its mode.
package struct DestinationProfile: Sendable, Hashable {
    package let name: String
    package let mode: DestinationMode
}

/// Where reconciliation reads a side's own book.
package enum ReconcileSource: Sendable, Hashable {
    /// A comma-separated list; the path may hold `{date}`.
    case csv(path: String)
    /// A FHIR server's base address.
    case fhir(url: String)
}

/// What the practice lets its lists differ in.
package struct Tolerances: Sendable, Hashable {
    /// What is not compared.
    package enum Ignored: String, Sendable, CaseIterable {
        case end, resource, location, person
        case doubleBookings = "double-bookings"
    }

    /// How far starts, and ends, may lie apart; nil leaves it to the rules.
    package let startSeconds: Int?
    package let endSeconds: Int?
    /// How much older than the PM's list the feed's last message may be; nil leaves it to the rules.
    package let feedHours: Int?
    package let ignored: Set<Ignored>
}

/// One practice: `practices/NAME.yaml`.
package struct PracticeProfile: Sendable {
    package let id: String
    package let enterprise: String
    package let name: String
    package let zone: TimeZone
    package let zoneName: String
    package let goLive: GoLive
    /// Whether who is still expected at midnight is a no-show; nil leaves it to the feeds' profiles.
    let midnightNoShow: Bool?
    package let load: LoadProfile
    /// Outside of it nobody sends, so silence says nothing.
    package let hours: OpeningHours
    /// Who hears of alarms by e-mail.
    package let alarmMail: [String]
    package let destinations: [DestinationProfile]
    /// The PM's own appointment list.
    package let reconcilePM: ReconcileSource?
    /// How long a change may take to reach the other side before its absence is a difference, in seconds; nil leaves it to
    /// the rules.
    package let reconcileGrace: Int?
    package let tolerances: Tolerances
    /// How many days before today, and after it, are compared; nil leaves it to the rules.
    package let reconcileBack: Int?
    package let reconcileAhead: Int?

    /// Reads on after a mistake, with something in the place of what is wrong: the folder is refused all the same, and
    /// one mistake must not hide the next, nor bring others about.
    init(_ section: Section) {
        section.allow([
            "practice", "enterprise", "name", "zone", "go-live", "midnight-no-show", "hours", "holidays", "alarms",
            "feeds",
            "taps", "destinations", "load", "reconcile",
        ])
        id = section.required("practice")?.text ?? section.file
        enterprise = section.scalar("enterprise")?.text ?? id
        name = section.scalar("name")?.text ?? id
        zoneName = section.required("zone")?.text ?? ""
        zone = section.zone("zone") ?? .gmt
        goLive = GoLive(section, key: "go-live", workflows: ["scheduling"])
        midnightNoShow = section.flag("midnight-no-show")
        load = LoadProfile(section.section("load"))
        hours = section.openingHours()
        alarmMail = section.alarmMail()
        destinations = (section.sections("destinations") ?? []).compactMap(DestinationProfile.init)
        let sources = section.section("reconcile")
        sources?.allow(["pm", "grace-seconds", "tolerances", "back", "ahead"])
        tolerances = Tolerances(sources?.section("tolerances"))
        reconcilePM = sources?.section("pm").flatMap(ReconcileSource.init)
        reconcileGrace = sources?.number("grace-seconds", in: 0...86_400)
        reconcileBack = sources?.number("back", in: 0...90)
        reconcileAhead = sources?.number("ahead", in: 0...366)
    }
}

extension DestinationProfile {
    fileprivate init?(_ section: Section) {
        section.allow(["name", "mode"])
        mode = section.word("mode", DestinationMode.self) ?? .live
        guard let name = section.required("name") else { return nil }
        self.name = name.text
    }
}

extension Tolerances {
    fileprivate init(_ section: Section?) {
        section?.allow(["start-seconds", "end-seconds", "feed-hours", "ignore"])
        startSeconds = section?.number("start-seconds", in: 0...86_400)
        endSeconds = section?.number("end-seconds", in: 0...86_400)
        feedHours = section?.number("feed-hours", in: 1...1_000)
        var ignored: Set<Ignored> = []
        for word in section?.list("ignore") ?? [] {
            guard let known = Ignored(rawValue: word.text) else {
                section?.problems.unknown(
                    "word", word.text, among: Ignored.allCases.map(\.rawValue), section?.file ?? "", word.line)
                continue
            }
            ignored.insert(known)
        }
        self.ignored = ignored
    }
}

extension ReconcileSource {
    fileprivate init?(_ section: Section) {
        section.allow(["csv", "fhir"])
        if let path = section.scalar("csv") {
            self = .csv(path: path.text)
        } else if let url = section.scalar("fhir") {
            self = .fhir(url: url.text)
        } else {
            section.problems.add(section.file, section.line, "a source is \"csv\" or \"fhir\"")
            return nil
        }
    }
}
