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

    /// The body as it is sent and signed; a pure function of the notice, so that a repeat is byte for byte the same. Written
    /// by hand, with its keys in order: a JSON encoder took longer than all else that a notice costs its worker.
    package var body: [UInt8] {
        var text = #"{"data":{"#
        if let alarm {
            text += #""alarm":{"feed":\#(JSONString.of(alarm.feed)),"since":"\#(alarm.since.formatted(.iso8601))""#
            if let until = alarm.until { text += #","until":"\#(until.formatted(.iso8601))""# }
            text += "},"
        }
        if let change { text += #""change":\#(change),"# }
        text += #""event":\#(event),"#
        if !members.isEmpty {
            text += #""members":[\#(members.map { #""\#($0.uuidString.lowercased())""# }.joined(separator: ","))],"#
        }
        text += #""practice":\#(JSONString.of(practice)),"#
        text +=
            #""record":{"id":"\#(record.uuidString.lowercased())","kind":\#(JSONString.of(kind)),"version":\#(version)}}"#
        text += #","timestamp":"\#(Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(at))""#
        text += #","type":\#(JSONString.of(type))}"#
        return Array(text.utf8)
    }
}

/// A text as a JSON string (RFC 8259, 7), escaped as Foundation does it without escaped slashes.
enum JSONString {
    static func of(_ text: String) -> String {
        var string = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": string += #"\""#
            case "\\": string += #"\\"#
            case "\u{8}": string += #"\b"#
            case "\u{C}": string += #"\f"#
            case "\n": string += #"\n"#
            case "\r": string += #"\r"#
            case "\t": string += #"\t"#
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                string += #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
            default: string.unicodeScalars.append(scalar)
            }
        }
        return string + "\""
    }
}
