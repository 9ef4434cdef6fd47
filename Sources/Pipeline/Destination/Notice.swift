package import Foundation

/// The news that a record changed, as one subscriber hears it: ids and numbers only. Whoever may know more reads the record.
package struct Notice: Sendable, Equatable {
    /// The idempotency key: the same over all attempts.
    package var id: UUID
    /// For example `appointment.cancelled`.
    package var type: String
    /// When it came to be; the same over all attempts.
    package var at: Date
    package var practice: String
    /// This subscription's own numbering, without gaps.
    package var event: Int64
    /// The practice's change it tells of; nil where it tells of something else.
    package var change: Int64?
    package var kind: String
    package var record: UUID
    package var version: Int32
    /// What one event is made of, for a day that was cancelled or transferred as one: the appointments.
    package var members: [UUID]
    /// What an alarm's notice says besides.
    package var alarm: Alarm?

    /// A feed that is silent, or was: nothing of a patient, and nothing that a repeat would say otherwise.
    package struct Alarm: Sendable, Equatable, Encodable {
        package var feed: String
        package var since: Date
        /// Nil while it is silent.
        package var until: Date?

        package init(feed: String, since: Date, until: Date?) {
            self.feed = feed
            self.since = since
            self.until = until
        }
    }

    package init(
        id: UUID, type: String, at: Date, practice: String, event: Int64, change: Int64?, kind: String, record: UUID,
        version: Int32, members: [UUID] = []
    ) {
        self.id = id
        self.type = type
        self.at = at
        self.practice = practice
        self.event = event
        self.change = change
        self.kind = kind
        self.record = record
        self.version = version
        self.members = members
    }

    /// The body as it is sent and signed; a pure function of the notice, so that a repeat is byte for byte the same.
    package var body: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        let body = Body(
            type: type, timestamp: Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(at),
            data: .init(
                practice: practice, event: event, change: change,
                record: .init(kind: kind, id: record.uuidString.lowercased(), version: version),
                members: members.isEmpty ? nil : members.map { $0.uuidString.lowercased() }, alarm: alarm))
        do {
            return try Array(encoder.encode(body))
        } catch {
            preconditionFailure("texts and whole numbers can always be written as JSON")
        }
    }

    private struct Body: Encodable {
        struct Data: Encodable {
            let practice: String
            let event: Int64
            let change: Int64?
            let record: Record
            let members: [String]?
            let alarm: Alarm?
        }
        struct Record: Encodable {
            let kind: String
            let id: String
            let version: Int32
        }

        let type: String
        let timestamp: String
        let data: Data
    }
}
