import Foundation

// The fifth step: what is on record. Owns the schema `records` but for who may write which table (the grants say that).
// A worker's batch loads slices of it (`PersonSlice`, `AppointmentSlice`, `BlockSlice`, ...), decides on them in memory and
// saves what differs; the gateway reads it for booking apps. Everything takes a `Transaction` and a practice; nothing here
// decides, and nothing sends.

package enum RecordsError: Error, Equatable, Sendable {
    /// A stored state that this program cannot read; the column is named, never its value.
    case unreadable(String)
}

/// States and events as JSON. One coder for all: to make one costs as much as to use it.
enum Coding {
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .millisecondsSince1970
        return encoder
    }()

    private static let decoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            Date(milliseconds: try decoder.singleValueContainer().decode(Double.self))
        }
        return decoder
    }()

    static func json(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<T: Decodable>(_ type: T.Type, from text: String, column: String) throws -> T {
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
