import ArgumentParser
import Foundation
import Journal
import Postgres

/// A message as it is printed, `2026-11-22/123`, or only its number.
struct MessageID: ExpressibleByArgument, Equatable, CustomStringConvertible {
    let day: CalendarDay?
    let number: Int64

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard let number = parts.last.flatMap({ Int64($0) }), number > 0, parts.count <= 2 else { return nil }
        self.number = number
        guard parts.count == 2 else {
            day = nil
            return
        }
        guard let day = CalendarDay(String(parts[0])) else { return nil }
        self.day = day
    }

    var description: String { day.map { "\($0)/\(number)" } ?? "\(number)" }

    /// The entry of the journal; throws when there is none.
    func find(in pool: Pool) async throws -> EntryID {
        let rows = try await pool.query(Queries.day(of: number, on: day))
        guard let found = try rows.first?.decode(CalendarDay.self) else {
            throw CommandError.unknownMessage(description)
        }
        return EntryID(day: found, number: number)
    }
}

extension EntryID {
    /// As it is printed, and can be given back.
    var text: String { "\(day)/\(number)" }
}

/// A work item as `pmsync unmapped` prints it.
struct ItemID: ExpressibleByArgument, Equatable {
    let id: UUID

    init?(argument: String) {
        guard let id = UUID(uuidString: argument) else { return nil }
        self.id = id
    }
}

/// A moment as a person keys it: ISO 8601, a day (from its start, UTC), or so long ago: `90m`, `24h`, `7d`.
struct Since: ExpressibleByArgument, Equatable {
    let date: Date

    init?(argument: String) {
        self.init(argument, now: Date())
    }

    init?(_ text: String, now: Date) {
        if let date = try? Date(text, strategy: .iso8601) {
            self.date = date
        } else if CalendarDay(text) != nil, let date = try? Date(text + "T00:00:00Z", strategy: .iso8601) {
            self.date = date
        } else if let unit = text.last.flatMap({ ["m": 60, "h": 3600, "d": 86_400][$0] }),
            let count = Int(text.dropLast()), count > 0
        {
            date = now - TimeInterval(count * unit)
        } else {
            return nil
        }
    }
}

/// HOST:PORT.
struct HostPort: ExpressibleByArgument, Equatable, CustomStringConvertible {
    let host: String
    let port: Int

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.host = String(host)
        self.port = port
    }

    var description: String { "\(host):\(port)" }
}

extension Output {
    /// A sentence for the person: beside the rows, so that a program that reads rows does not meet it.
    func say(_ sentence: String) {
        if format == .table { print(sentence) } else { Self.complain(sentence) }
    }

    static func complain(_ sentence: String) {
        try? FileHandle.standardError.write(contentsOf: Data((sentence + "\n").utf8))
    }
}
