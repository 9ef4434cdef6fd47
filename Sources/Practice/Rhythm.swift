package import Foundation

/// How a feed usually speaks, and so whether its silence means something. Pure: the messages' times come in, a verdict
/// goes out, and the clock is the caller's.
///
/// Learned: of each stretch of five minutes, by weekday and hour, how often it held a message. A silence matters once it
/// would come by chance one time in ten thousand: for a feed that speaks every minute after ten minutes, for one of two
/// messages an hour after some four hours. Stretches, not messages, are counted, because messages come in bursts.
package struct Rhythm: Sendable {
    /// What a practice may declare.
    package enum Declared: Hashable, Sendable {
        case learned
        case never
        /// So long, of the practice's open hours.
        case after(TimeInterval)
    }

    package enum Verdict: Hashable, Sendable {
        case fine
        /// Since its last message.
        case silent(since: Date)
        case notJudged(Why)

        package enum Why: String, Sendable {
            /// The practice has said so.
            case declared = "not-wanted"
            case neverHeard = "never-heard"
            case tooLittleLearned = "too-little-learned"
        }
    }

    /// Seconds of one stretch.
    package static let step: TimeInterval = 300
    /// How far back a rhythm is learned from.
    package static let reach: TimeInterval = 28 * 86_400
    /// A weekday's hour is known by so many of its days; before that all working days, or both days of the weekend, count.
    private static let daysEnough = 3
    private static let improbable = 1e-4
    /// However regular a feed is, less than this is no silence.
    private static let floor: TimeInterval = 600

    private struct Cell {
        var stretches = 0
        var occupied = 0
        var days = 0

        /// Of one stretch. One empty is thought in addition, so that nothing is ever certain; an hour in which nobody was
        /// ever heard stays without expectation.
        var probability: Double { Double(occupied) / Double(stretches + 1) }

        static func + (one: Cell, other: Cell) -> Cell {
            Cell(
                stretches: one.stretches + other.stretches, occupied: one.occupied + other.occupied,
                days: one.days + other.days)
        }
    }

    private let declared: Declared
    private let time: PracticeTime
    private let hours: OpeningHours
    /// By weekday, then hour.
    private let cells: [[Cell]]

    /// - Parameters:
    ///   - heard: when messages came, in any order, as far back as is known.
    ///   - from: from when on the feed was listened to; learning begins with the first whole day after it.
    ///   - now: nothing of today is learned.
    ///   - silences: times in which it was silent against its rhythm; they teach nothing.
    package init(
        _ declared: Declared = .learned, heard: [Date], from: Date, now: Date, silences: [Range<Date>] = [],
        time: PracticeTime, hours: OpeningHours = OpeningHours()
    ) {
        self.declared = declared
        self.time = time
        self.hours = hours
        guard declared == .learned else {
            cells = []
            return
        }
        let occupied = Set(heard.map(Self.stretch))
        let silent = silences.map { Self.stretch($0.lowerBound)...Self.stretch($0.upperBound) }
        var cells = Array(repeating: Array(repeating: Cell(), count: 24), count: 7)
        let today = time.day(of: now)
        var day = time.day(of: max(from, now.addingTimeInterval(-Self.reach))).adding(days: 1)
        while day < today {
            Self.learn(day, occupied, silent, time, hours, into: &cells)
            day = day.adding(days: 1)
        }
        self.cells = cells
    }

    private static func stretch(_ instant: Date) -> Int { Int((instant.timeIntervalSince1970 / step).rounded(.down)) }

    private static func learn(
        _ day: Day, _ occupied: Set<Int>, _ silent: [ClosedRange<Int>], _ time: PracticeTime, _ hours: OpeningHours,
        into cells: inout [[Cell]]
    ) {
        var seen: Set<Int> = []
        for number in stretch(time.start(of: day))..<stretch(time.end(of: day)) {
            let wall = time.wall(at: Date(timeIntervalSince1970: Double(number) * step))
            guard wall.day == day, hours.isOpen(at: wall), !silent.contains(where: { $0.contains(number) }) else {
                continue
            }
            cells[day.weekday][wall.hour].stretches += 1
            cells[day.weekday][wall.hour].occupied += occupied.contains(number) ? 1 : 0
            if seen.insert(wall.hour).inserted { cells[day.weekday][wall.hour].days += 1 }
        }
    }

    // MARK: Judging

    /// - Parameter last: when the feed's last message came; nil when none is known.
    package func judge(last: Date?, now: Date) -> Verdict {
        if declared == .never { return .notJudged(.declared) }
        guard let last else { return .notJudged(.neverHeard) }
        if case .after(let allowed) = declared {
            return hours.seconds(from: last, to: now, upTo: allowed, by: time) >= allowed ? .silent(since: last) : .fine
        }
        guard now.timeIntervalSince(last) >= Self.floor else { return .fine }
        var doubt = 1.0
        var isKnown = false
        var number = Self.stretch(last) + 1
        // The stretch that runs has not had its chance yet.
        while number < Self.stretch(now), doubt > Self.improbable {
            let instant = Date(timeIntervalSince1970: Double(number) * Self.step)
            let wall = time.wall(at: instant)
            if hours.isOpen(at: wall), let cell = cell(of: wall) {
                isKnown = true
                doubt *= 1 - cell.probability
            }
            number += 1
        }
        if doubt <= Self.improbable { return .silent(since: last) }
        return isKnown || cell(of: time.wall(at: now)) != nil ? .fine : .notJudged(.tooLittleLearned)
    }

    /// How often a message usually comes at that hour, in seconds; nil where that is not known, or never.
    package func usualGap(at instant: Date) -> TimeInterval? {
        guard declared == .learned, let cell = cell(of: time.wall(at: instant)), cell.occupied > 0 else { return nil }
        return Self.step * Double(cell.stretches) / Double(cell.occupied)
    }

    private func cell(of wall: WallTime) -> Cell? {
        guard !cells.isEmpty else { return nil }
        let own = cells[wall.day.weekday][wall.hour]
        if own.days >= Self.daysEnough { return own }
        let kin = (wall.day.weekday < 5 ? 0..<5 : 5..<7).map { cells[$0][wall.hour] }.reduce(Cell(), +)
        return kin.days >= Self.daysEnough ? kin : nil
    }
}
