import Crypto
package import Foundation
package import Practice

/// The one act that mends a finding. Closed.
package enum Act: String, Codable, Hashable, Sendable, CaseIterable {
    case resend
    case resendFromPM = "resend-from-pm"
    case mapAndReplay = "map-and-replay"
    case replay
    case correctAndResend = "correct-and-resend"
    case bookOrRemoveInApp = "book-or-remove-in-app"
    case removeDuplicateInApp = "remove-duplicate-in-app"
    case removeDuplicateInPM = "remove-duplicate-in-pm"
    case lookInPM = "look-in-pm"
    case confirmRemoval = "confirm-removal"
    case moveOrFlagInPM = "move-or-flag-in-pm"
    /// For what is withheld.
    case wait

    /// For a person at the desk.
    package var sentence: String {
        switch self {
        case .resend: "Send the appointment to the booking app again."
        case .resendFromPM:
            "Open the appointment in the practice-management system and save it, so that it is sent; "
                + "if this repeats, ask for the interface's event to be switched on."
        case .mapAndReplay: "Add the missing code to the table that the parked message names, then replay the message."
        case .replay: "Look at the parked message or notice, mend what it names, and replay it."
        case .correctAndResend: "Read why the booking app refused it, correct that, and send it again."
        case .bookOrRemoveInApp:
            "Ask whether it was meant: book it in the practice-management system, or remove it in the booking app."
        case .removeDuplicateInApp: "Remove the second entry in the booking app."
        case .removeDuplicateInPM: "Cancel the second entry in the practice-management system."
        case .lookInPM:
            "Look the appointment up in the practice-management system; what it says there is what counts."
        case .confirmRemoval:
            "Look the appointment up in the practice-management system. If it was removed there, confirm the removal: it is "
                + "then taken off here, and the booking app is told."
        case .moveOrFlagInPM:
            "Move one of them in the practice-management system, or mark it there as an overbooking."
        case .wait: "Nothing yet: it is judged again by the next comparison."
        }
    }

    init(mends code: FindingCode, _ cause: Cause, _ against: SideName) {
        switch (code, cause) {
        case (_, .tooYoung), (_, .feedSilent), (_, .feedBehind), (_, .listLacksDay), (_, .listRowUnread): self = .wait
        case (.duplicateInApp, _): self = .removeDuplicateInApp
        case (.duplicateInPM, _): self = .removeDuplicateInPM
        case (_, .receivedAndUnmapped): self = .mapAndReplay
        case (_, .parked): self = .replay
        case (.doubleBooked, _): self = .moveOrFlagInPM
        case (.extraInApp, _): self = .bookOrRemoveInApp
        case (.missingInPM, .neverSent): self = .confirmRemoval
        case (.missingInPM, _): self = .lookInPM
        case (_, .refused): self = .correctAndResend
        case (_, .neverSent) where against == .pm: self = .resendFromPM
        default: self = against == .pm ? .lookInPM : .resend
        }
    }
}

/// A difference with its cause and its mend.
package struct Finding: Codable, Hashable, Sendable {
    /// The same for the same difference in every run; says nothing of the person.
    package let key: String
    package let code: FindingCode
    package let cause: Cause
    package let act: Act
    /// The side that differs from our record.
    package let against: SideName
    /// The feed is behind: to be shown as such, and nobody accused.
    package let isWithheld: Bool
    /// The practice-local day of the appointment.
    package let day: Day?
    /// The place and the practitioner or device that it is counted under; empty where nobody says.
    package let location: String
    package let provider: String
    package let record: UUID?
    /// The group's own id: our record's, else made from what it is known by.
    package let member: UUID
    package let client: UUID?
    package let receivedOn: Day?
    package let entry: Int64?
    package let sides: Sides
    /// What the cause rests on, for the words of a report.
    package let detail: Detail
    /// The feed's last message.
    package let watermark: Date?

    /// Facts behind a cause; never a value of a patient.
    package struct Detail: Codable, Hashable, Sendable {
        /// The app's last HTTP answer to the newest notice, and what it said with it as far as that is a code.
        package var status: Int?
        package var answer: String?
        package var attempts: Int?
        /// The park code of the message or notice that waits.
        package var code: String?
        /// The feeds that are silent, and since when the first of them is.
        package var feed: String?
        package var since: Date?

        package init() {}
    }

    /// Each side as it was, without identifiers and names.
    package struct Sides: Codable, Hashable, Sendable {
        package let pm: [Snapshot]
        package let here: Snapshot?
        package let app: [Snapshot]
        /// With whom it shares the time that only one of them has.
        package let others: [Snapshot]

        package init(_ group: Group) {
            pm = group.pm.map(Snapshot.init)
            here = group.here.map(Snapshot.init)
            app = group.app.map(Snapshot.init)
            others = group.others.map(Snapshot.init)
        }
    }

    package struct Snapshot: Codable, Hashable, Sendable {
        package let reference: String
        package let start: Date?
        package let end: Date?
        package let status: AppointmentStatus?
        package let sourceStatus: String
        package let resource: String?
        package let location: String?
        package let version: Int?
        package let changedAt: Date?
        package let display: Entry.Display

        init(_ entry: Entry) {
            reference = entry.reference
            start = entry.start
            end = entry.end
            status = entry.status
            sourceStatus = entry.sourceStatus
            resource = entry.resource
            location = entry.location
            version = entry.version
            changedAt = entry.changedAt
            display = entry.display
        }
    }

    /// `withheld` is the cause in place of `cause` where nobody may be accused yet.
    init(_ difference: Difference, _ cause: Cause, withheld: Cause?, _ evidence: Evidence, _ run: Comparison) {
        let group = difference.group
        key = Finding.key(difference, run.scope)
        code = difference.code
        self.cause = withheld ?? cause
        act = Act(mends: code, withheld ?? cause, difference.against)
        against = difference.against
        isWithheld = withheld != nil
        day = group.entries.lazy.compactMap(\.start).first.map(run.time.day(of:))
        location = group.location
        provider = group.provider
        if case .record(let id) = group.key { record = id } else { record = nil }
        member = group.member(run.scope)
        client = difference.against == .app ? run.scope.client : nil
        receivedOn = evidence.parked?.receivedOn ?? evidence.receivedOn
        entry = evidence.parked?.entry ?? evidence.entry
        sides = Sides(group)
        detail = Detail(self.cause, evidence, run.watermarks)
        watermark = run.watermarks.feed
    }

    /// Of practice, workflow, side, class of code, and who it is of: our record, else the side's own id, else its start,
    /// person and resource. A record's finding outlives a change of its times.
    package static func key(_ difference: Difference, _ scope: Scope) -> String {
        let own = (difference.against == .pm ? difference.group.pmEntry : difference.group.appEntry)?.reference ?? ""
        let client = difference.against == .app ? scope.client?.uuidString ?? "" : ""
        let digest = scope.digest([
            difference.against.rawValue, client, difference.code.keyClass, difference.group.key.identity(own: own),
        ])
        return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension Finding.Detail {
    fileprivate init(_ cause: Cause, _ evidence: Evidence, _ watermarks: Watermarks) {
        switch cause {
        case .refused, .sentAndUnanswered:
            status = evidence.delivery?.status
            answer = evidence.delivery?.answer
            attempts = evidence.delivery?.attempts
        case .parked, .receivedAndUnmapped: code = evidence.parked?.code
        case .feedSilent:
            feed = watermarks.silentFeeds.keys.sorted().joined(separator: ", ")
            since = watermarks.silentFeeds.values.compactMap(\.self).min() ?? watermarks.feed
        case .feedBehind: since = watermarks.feed
        default: break
        }
    }
}

extension Group {
    /// Ours, else the PM's, else the app's.
    package var location: String { entries.lazy.compactMap(\.location).first ?? "" }
    package var provider: String { entries.lazy.compactMap(\.resource).first ?? "" }

    /// The record's id, else one made from what the group is known by; the same in every run.
    package func member(_ scope: Scope) -> UUID {
        if case .record(let id) = key { return id }
        let bytes = scope.digest(["member", key.identity(own: entries.first?.reference ?? "")])
        return UUID(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6] & 0x0F | 0x80, bytes[7],
                bytes[8] & 0x3F | 0x80, bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            ))
    }
}

extension EntryKey {
    /// Our record, else the side's own id, else its start, person and resource.
    fileprivate func identity(own: String) -> String {
        switch self {
        case .record(let id): "record/\(id.uuidString)"
        case .natural where !own.isEmpty: "own/\(own)"
        case .natural(let start, let person, let resource):
            "natural/\(Int64(start.timeIntervalSince1970))/\(person.utf8.count)/\(person)/\(resource)"
        }
    }
}

extension Scope {
    /// Of parts that belong to this practice and workflow: 16 bytes that say nothing of them.
    fileprivate func digest(_ parts: [String]) -> [UInt8] {
        let all = [practice, workflow] + parts
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(all.joined(separator: "\u{1F}").utf8), using: SymmetricKey(data: secret))
        return Array(code.prefix(16))
    }
}
