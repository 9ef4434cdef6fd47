import Foundation
import Postgres
import Practice

/// A practice that the person may see.
struct Office: Sendable {
    let id: String
    let name: String
    let time: PracticeTime
}

/// What a page works with: the open transaction, which sees this person's practices only, and what time it is.
struct Desk {
    let person: SignedIn
    /// By the business rules' clock, which may be held: ages of findings.
    let now: Date
    /// By the database's clock: what came when, and how long ago.
    let databaseNow: Date
    let offices: [Office]
    let transaction: Transaction

    init(_ person: SignedIn, now: Date, in transaction: Transaction) async throws {
        let rows = try await transaction.query(
            """
            SELECT set_config('pmsync.practices', \(person.practices.joined(separator: ",")), true), clock_timestamp()
            """)
        guard let databaseNow = try rows.first.map({ try $0.decode((String, Date).self).1 }) else {
            preconditionFailure("A SELECT without FROM gives one row.")
        }
        self.person = person
        self.now = now
        self.databaseNow = databaseNow
        self.transaction = transaction
        offices = try await transaction.query("SELECT practice_id, name, zone FROM records.practice ORDER BY name")
            .map { row in
                let (id, name, zone) = try row.decode((String, String, String).self)
                return Office(id: id, name: name, time: PracticeTime(zoneNamed: zone) ?? PracticeTime(zone: .gmt))
            }
    }

    func office(_ id: String) throws(ConsoleError) -> Office {
        guard let office = offices.first(where: { $0.id == id }) else { throw .notFound }
        return office
    }

    /// The practice's own clock; where there is none, that of the person's first practice.
    func time(_ practice: String?) -> PracticeTime {
        offices.first { $0.id == practice }?.time ?? offices.first?.time ?? PracticeTime(zone: .gmt)
    }

    func name(_ practice: String?) -> String {
        guard let practice else { return "no practice" }
        return offices.first { $0.id == practice }?.name ?? practice
    }

    /// Rows of journal and queue carry their practice as a column: those of the person's practices, and for an
    /// administrator those of none.
    func visible(_ practice: String?) -> Bool { person.sees(practice) }
}

/// An instant as people read it, beside the form that programs read.
struct Moment {
    /// `07:28`, `21 Nov 07:28`, `21 Nov 2025 07:28`: as much as is needed beside `now`.
    let text: String
    let iso: String
    /// `4 min`, `3 h`, `2 d`.
    let age: String

    /// - Parameter isDated: whether the day is named also when it is today's, as an appointment's is.
    init(_ instant: Date, _ time: PracticeTime, now: Date, isDated: Bool = false) {
        let wall = time.wall(at: instant)
        let today = time.day(of: now)
        var text = ""
        if isDated || wall.day != today {
            text = "\(wall.day.day) \(Self.months[wall.day.month - 1]) "
            if wall.day.year != today.year { text += "\(wall.day.year) " }
        }
        self.text = text + "\(Self.two(wall.hour)):\(Self.two(wall.minute))"
        iso = time.text(instant)
        age = Self.age(now.timeIntervalSince(instant))
    }

    static func age(_ seconds: TimeInterval) -> String {
        switch seconds {
        case ..<60: "under 1 min"
        case ..<3600: "\(Int(seconds / 60)) min"
        case ..<86_400: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86_400)) d"
        }
    }

    static func day(_ day: CalendarDay) -> String {
        "\(day.day) \(months[day.month - 1]) \(day.year)"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
