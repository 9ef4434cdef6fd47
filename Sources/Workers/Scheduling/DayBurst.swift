import Foundation
import Practice
import Records

/// Whether what a PM did to many appointments of one resource's day, within a short time, was one act: a day cancelled, or
/// transferred to another resource or another day. Pure; each appointment was told by itself already.
struct DayBurst: Hashable, Sendable {
    enum Kind: String, Sendable {
        case cancelled = "day.cancelled"
        case transferred = "day.transferred"
    }

    /// A resource's day.
    struct Place: Hashable, Sendable {
        let kind: ResourceUse.Kind
        let code: String
        let day: Day
    }

    let kind: Kind
    let from: Place
    let to: Place?
    /// In the order in which they went.
    let members: [UUID]
    let first: Date
    let last: Date

    /// Fewer are told one by one and no more: patients cancel too.
    static let fewest = 5
    /// The PM sends a bulk act's messages one after the other.
    static let gap: TimeInterval = 60
    /// So long after the last the act is over.
    static let quiet: TimeInterval = 10
    /// Of the day's appointments so many have gone: a bulk act leaves what it may not touch.
    static let share = 0.75

    /// The acts among `moves` that are over by `now`. `left` tells how many appointments a place still has.
    static func find(_ moves: [AppointmentMove], time: PracticeTime, now: Date, left: [Place: Int]) -> [DayBurst] {
        var found: [DayBurst] = []
        for (way, moves) in Dictionary(grouping: moves, by: { Way($0, time) }) {
            guard let way else { continue }
            var group: [AppointmentMove] = []
            for move in moves.sorted(by: { $0.number < $1.number }) {
                if let last = group.last, move.at.timeIntervalSince(last.at) > gap {
                    if let burst = DayBurst(way, group, now: now, left: left[way.from] ?? 0) { found.append(burst) }
                    group = []
                }
                group.append(move)
            }
            if let burst = DayBurst(way, group, now: now, left: left[way.from] ?? 0) { found.append(burst) }
        }
        return found.sorted { ($0.first, $0.from.code) < ($1.first, $1.from.code) }
    }

    /// The places that moves leave.
    static func places(_ moves: [AppointmentMove], time: PracticeTime) -> Set<Place> {
        Set(moves.compactMap { Way($0, time)?.from })
    }

    private init?(_ way: Way, _ group: [AppointmentMove], now: Date, left: Int) {
        var seen: Set<UUID> = []
        let members = group.map(\.record).filter { seen.insert($0).inserted }
        guard members.count >= Self.fewest, let first = group.first?.at, let last = group.last?.at,
            now.timeIntervalSince(last) >= Self.quiet,
            Double(members.count) >= Self.share * Double(members.count + left)
        else { return nil }
        (kind, from, to) = (way.to == nil ? .cancelled : .transferred, way.from, way.to)
        (self.members, self.first, self.last) = (members, first, last)
    }

    private struct Way: Hashable {
        let from: Place
        let to: Place?

        /// nil for what leaves no resource's day: a new hour of the same day, a visit without a provider.
        init?(_ move: AppointmentMove, _ time: PracticeTime) {
            guard move.before.status.isLive, let from = Place(move.before, time) else { return nil }
            guard move.after.status.isLive else {
                guard move.after.status == .cancelled || move.after.status == .enteredInError else { return nil }
                (self.from, to) = (from, nil)
                return
            }
            guard let to = Place(move.after, time), to != from else { return nil }
            (self.from, self.to) = (from, to)
        }
    }
}

extension DayBurst.Place {
    /// Whose day an appointment is of: its practitioner's, else its device's.
    init?(_ appointment: Appointment, _ time: PracticeTime) {
        guard let start = appointment.start,
            let use = appointment.resources.first(where: { $0.kind == .practitioner })
                ?? appointment.resources.first(where: { $0.kind == .device })
        else { return nil }
        (kind, code, day) = (use.kind, use.code, time.day(of: start))
    }
}
