package import Foundation
package import Practice

/// The fifth step: what is on record. Owns the schema `records` but for who may write which table (the grants say that).
/// Scheduling writes appointments, resources, slots, occupancy and changes here; the gateway reads them for booking apps.
/// Everything takes a `Transaction` and a practice; nothing here decides, and nothing sends.

/// An appointment with what the database knows beyond its state.
package struct StoredAppointment: Sendable {
    package let practice: String
    package let version: Int32
    package let appointment: Appointment
    package let aliases: [Alias]
    package let changedAt: Date

    package init(
        practice: String, version: Int32, appointment: Appointment, aliases: [Alias], changedAt: Date
    ) {
        self.practice = practice
        self.version = version
        self.appointment = appointment
        self.aliases = aliases
        self.changedAt = changedAt
    }
}

package enum RecordsError: Error, Equatable, Sendable {
    /// A stored state that this program cannot read; the column is named, never its value.
    case unreadable(String)
}

enum Coding {
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.dateEncodingStrategy = .millisecondsSince1970
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<T: Decodable>(_ type: T.Type, from text: String, column: String) throws -> T {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            Date(milliseconds: try decoder.singleValueContainer().decode(Double.self))
        }
        do {
            return try decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw RecordsError.unreadable(column)
        }
    }
}

extension Date {
    /// As a column of the same instant is read, to the bit: events are compared by their times, whichever of the two they
    /// came from.
    fileprivate init(milliseconds: Double) {
        let microseconds = (milliseconds * 1000).rounded()
        let seconds = (microseconds / 1_000_000).rounded(.down)
        self.init(
            timeIntervalSinceReferenceDate: seconds - Date.timeIntervalBetween1970AndReferenceDate
                + (microseconds - seconds * 1_000_000) / 1_000_000)
    }
}
