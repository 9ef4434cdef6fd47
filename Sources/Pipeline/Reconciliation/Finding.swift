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
        }
    }

    init(mends code: FindingCode, _ cause: Cause, _ against: SideName) {
        switch (code, cause) {
        case (.duplicateInApp, _): self = .removeDuplicateInApp
        case (.duplicateInPM, _): self = .removeDuplicateInPM
        case (_, .receivedAndUnmapped): self = .mapAndReplay
        case (_, .parked): self = .replay
        case (.extraInApp, _): self = .bookOrRemoveInApp
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
    package let record: UUID?
    package let client: UUID?
    package let receivedOn: Day?
    package let entry: Int64?
    package let sides: Sides
    /// The feed's last message.
    package let watermark: Date?

    /// Each side as it was, without identifiers and names.
    package struct Sides: Codable, Hashable, Sendable {
        package let pm: [Snapshot]
        package let here: Snapshot?
        package let app: [Snapshot]
    }

    package struct Snapshot: Codable, Hashable, Sendable {
        package let reference: String
        package let start: Date?
        package let end: Date?
        package let status: AppointmentStatus?
        package let sourceStatus: String
        package let resource: String?
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
            version = entry.version
            changedAt = entry.changedAt
            display = entry.display
        }
    }

    init(_ difference: Difference, _ cause: Cause, _ evidence: Evidence, isWithheld: Bool, _ run: Comparison) {
        let group = difference.group
        key = Finding.key(difference, run.scope)
        code = difference.code
        self.cause = cause
        act = Act(mends: code, cause, difference.against)
        against = difference.against
        self.isWithheld = isWithheld
        day = group.entries.lazy.compactMap(\.start).first.map(run.time.day(of:))
        if case .record(let id) = group.key { record = id } else { record = nil }
        client = difference.against == .app ? run.scope.client : nil
        receivedOn = evidence.parked?.receivedOn ?? evidence.receivedOn
        entry = evidence.parked?.entry ?? evidence.entry
        sides = Sides(
            pm: group.pm.map(Snapshot.init), here: group.here.map(Snapshot.init), app: group.app.map(Snapshot.init))
        watermark = run.watermarks.feed
    }

    /// Of practice, workflow, side, class of code, and who it is of: our record, else the side's own id, else its start,
    /// person and resource. A record's finding outlives a change of its times.
    package static func key(_ difference: Difference, _ scope: Scope) -> String {
        let identity: String
        let own = (difference.against == .pm ? difference.group.pmEntry : difference.group.appEntry)?.reference ?? ""
        switch difference.group.key {
        case .record(let id): identity = "record/\(id.uuidString)"
        case .natural where !own.isEmpty: identity = "own/\(own)"
        case .natural(let start, let person, let resource):
            identity = "natural/\(Int64(start.timeIntervalSince1970))/\(person.utf8.count)/\(person)/\(resource)"
        }
        let client = difference.against == .app ? scope.client?.uuidString ?? "" : ""
        let parts = [
            scope.practice, scope.workflow, difference.against.rawValue, client, difference.code.keyClass, identity,
        ]
        let digest = HMAC<SHA256>.authenticationCode(
            for: Data(parts.joined(separator: "\u{1F}").utf8), using: SymmetricKey(data: scope.secret))
        return digest.prefix(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
