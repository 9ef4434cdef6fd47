import Foundation
import HL7
import Postgres
import Practice
import Reconciliation
import Workflow

/// Messages that came and did not reach a record: waiting, parked, or let go by a person. Which appointment each is about
/// is read from its bytes, since no record knows it.
struct UnfinishedMessages {
    fileprivate enum Fate {
        case queued
        case parked(Evidence.Parked)
        case letGo
    }

    fileprivate struct Unfinished {
        let fate: Fate
        let day: Day?
        let entry: Int64
        let names: Set<String>
        let persons: Set<String>
        let start: Date?
    }

    /// Messages that are read at most: of those that wait, of those that are blocked, and of the discarded.
    static let limit: Int64 = 5_000

    private var messages: [Unfinished] = []
    /// More wait than are read: everything may be on its way.
    private var isFlooded = false
    /// More were discarded than are read: any message may be one of those.
    private(set) var mayBeLetGo = false

    var isEmpty: Bool { messages.isEmpty && !isFlooded && !mayBeLetGo }

    init(
        _ practice: PracticeProfile, _ definition: Definition, limit: Int64 = Self.limit, in transaction: Transaction
    ) async throws {
        var counts: [String: Int64] = [:]
        for row in try await transaction.query(ReconcileQueries.unfinished(practice.id, limit: limit)) {
            let (state, code, day, entry, feed, payload) = try row.decode(
                (String, String?, CalendarDay, Int64, String, [UInt8]?).self)
            let fate: Fate =
                switch state {
                case "parked", "uncertain":
                    .parked(.init(code: code ?? "", receivedOn: Day(day), entry: entry))
                case "discarded": .letGo
                default: .queued
                }
            counts[state, default: 0] += 1
            guard let payload, let message = try? Message(payload, charset: definition.feeds[feed]?.charset) else {
                continue
            }
            messages.append(
                Unfinished(message, fate, Day(day), entry, definition.feeds[feed], practice))
        }
        mayBeLetGo = counts["discarded", default: 0] >= limit
        counts["discarded"] = nil
        // What waits, and what is blocked, are read up to the limit each.
        isFlooded = counts.values.reduce(0, +) >= limit
    }

    /// What is known of an appointment, by its names; where a message bears none, by person and start.
    func about(
        names: Set<String>, persons: Set<String>, starts: Set<Date>
    ) -> (isQueued: Bool, parked: Evidence.Parked?, letGo: (day: Day?, entry: Int64)?) {
        var isQueued = isFlooded
        var parked: Evidence.Parked?
        var letGo: (day: Day?, entry: Int64)?
        for message in messages where message.isAbout(names, persons, starts) {
            switch message.fate {
            case .queued: isQueued = true
            case .parked(let job): parked = job
            case .letGo: letGo = (message.day, message.entry)
            }
        }
        return (isQueued, parked, letGo)
    }
}

extension UnfinishedMessages.Unfinished {
    fileprivate init(
        _ message: Message, _ fate: UnfinishedMessages.Fate, _ day: Day?, _ entry: Int64, _ feed: Feed?,
        _ practice: PracticeProfile
    ) {
        self.fate = fate
        self.day = day
        self.entry = entry
        let paths = feed?.identifiers.map(\.path) ?? ["SCH-1", "SCH-2", "PV1-19"]
        let personPaths = feed?.personIdentifiers.map(\.path) ?? ["PID-3"]
        names = Set(paths.compactMap { message.text($0) })
        persons = Set(personPaths.compactMap { message.text($0) })
        let zone = feed?.zone(of: practice.id) ?? practice.zone
        let text = (feed?.fields[.start] ?? ["SCH-11.4"]).lazy.compactMap { message.text($0) }.first
        start = text.flatMap { text in
            guard let time = DTM(text), time.precision >= .hour,
                let wall = WallTime(
                    year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute)
            else { return nil }
            return PracticeTime(zone: zone)
                .reading(of: wall, offsetSeconds: time.offsetSeconds, receipt: .distantPast).instant
        }
    }

    fileprivate func isAbout(_ names: Set<String>, _ persons: Set<String>, _ starts: Set<Date>) -> Bool {
        // A group's appointments are named by the group's id and the person's mark.
        if self.names.contains(where: { name in names.contains { $0 == name || $0.hasPrefix(name + "#") } }) {
            return true
        }
        guard let start, self.names.isEmpty else { return false }
        return starts.contains(start) && !self.persons.isDisjoint(with: persons)
    }
}
