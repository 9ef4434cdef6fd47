import Foundation

/// A practice's days without end, one change of the book after another. First the history: the bookings of the day and
/// of the coming week, made in the ten days before. Then the day itself, and each day after it.
///
/// Pure: the same premises give the same steps; to go on after a stop, make it again and skip.
package struct Script: Sequence, IteratorProtocol, Sendable {
    package let premises: Premises
    package internal(set) var book = Book()

    let providers: [Provider]
    var dice: Dice
    var people: People
    var diary = Diary()
    var desk = Desk()
    /// What is decided and not yet told, in order.
    var told: [Telling] = []
    var now: LocalTime
    /// Bookings still wanted, by day.
    var wanted: [LocalDay: Int] = [:]
    /// How many each day was to have when it was last looked at.
    var intended: [LocalDay: Int] = [:]
    var opened: LocalDay
    /// Entries that nothing is done to for now, because something was planted on them, with their persons' numbers.
    var leftAlone: [String: Int] = [:]
    /// Entries that were saved again: they number their messages.
    var saves = 0
    /// Who came and was not marked: told on a later morning.
    var unmarked: [Desk.Due] = []
    /// The last day whose midnight has passed.
    private var closed: LocalDay
    private var inHistory = true
    private var number = 0
    /// Steps told after the history that are not a night's work: what the clock counts.
    private(set) var liveNumber = 0
    private var control: Int
    private var lastAt: LocalTime
    private var historyGap = 1.0

    static let horizon = 7

    /// A change that is decided: it is written in the book when it is told, so that book and messages go in step.
    struct Telling: Sendable {
        var act: Step.Act
        var event: String
        var entry: BookEntry
        var quick: Bool
        var oddities: [Oddity] = []
        var quiet: Int?
        var silent = false
    }

    package init(_ premises: Premises) {
        self.premises = premises
        providers = Provider.all(premises.providers)
        dice = Dice(seed: premises.seed, purpose: "script \(premises.practice) \(premises.date)")
        people = People(seed: premises.seed, base: premises.base, habits: premises.habits)
        control = premises.base * 1_000_000
        opened = premises.date
        closed = premises.date.adding(days: -1)
        now = LocalTime(premises.date.adding(days: -14), minute: Diary.opens)
        lastAt = now
        wantDays(from: premises.date)
        let bookings = wanted.values.reduce(0, +)
        historyGap = 10 * 540 / (Double(bookings) * 1.25)
    }

    package mutating func next() -> Step? {
        while told.isEmpty {
            if inHistory { decideHistory() } else { decideLive() }
        }
        return tell(told.removeFirst())
    }

    /// Steps up to the end of the script's own day; of a script whose clock is the practice's.
    package func day() -> [Step] {
        var copy = self
        var steps: [Step] = []
        while let step = copy.next(), step.at.day <= premises.date { steps.append(step) }
        return steps
    }

    func isOpen(_ day: LocalDay) -> Bool { !day.isWeekend || day == premises.date }

    /// Sets how many bookings each open day from `first` to the horizon should still get: fewer the further away, and more
    /// with each day that it comes nearer.
    mutating func wantDays(from first: LocalDay) {
        for ahead in 0...Self.horizon {
            let day = first.adding(days: ahead)
            guard isOpen(day) else { continue }
            let all = Swift.max(1, premises.appointmentsADay * (10 - ahead) / 10)
            wanted[day, default: 0] += Swift.max(0, all - (intended[day] ?? 0))
            intended[day] = all
        }
    }

    // MARK: Telling

    private mutating func tell(_ telling: Telling) -> Step {
        let entry = telling.entry
        stamp()
        control += dice.within(1...3)
        // A booking was reserved in the diary when it was decided.
        diary.remove(book.entries[entry.id] ?? entry)
        if telling.oddities.contains(.bulkTransferred) { diary.remove(entry) }
        if telling.act == .opened {
            book.remove(entry.id)
        } else {
            book.put(entry)
        }
        desk.settle(entry, at: now)
        switch entry.status {
        case .pending, .confirmed, .overbooked:
            if telling.act != .opened { diary.add(entry) }
            if telling.quiet != nil || entry.isBlock || desk.isQuiet(entry.id) { diary.withdraw(entry.id) }
        case .kept, .checkedOut:
            diary.add(entry)
            diary.withdraw(entry.id)
        case .cancelled, .noShow, .deleted, .waiting: break
        }
        if leftAlone[entry.id] != nil { withdraw(entry.id) }
        if let quiet = telling.quiet { desk.keepQuiet(entry.id, quiet) }

        var oddities = telling.oddities
        switch entry.person?.ids {
        case nil: oddities.append(.noPerson)
        case .some(.none): oddities.append(.withoutIDs)
        case .some(.traded): oddities.append(.tradedIDs)
        case .some(.filler): break
        }
        let crlf = dice.chance(premises.habits.lineEnds)
        if crlf { oddities.append(.lineEnds) }
        let isLoad = premises.loadsHistory && inHistory
        if isLoad { oddities.append(.loaded) }
        let step = Step(
            number: number, act: telling.act, event: telling.event, controlID: "\(control)", at: lastAt, entry: entry,
            bytes: SIU(
                facility: premises.facility, practice: premises.practice, at: lastAt, controlID: "\(control)",
                event: telling.event, isLoad: isLoad
            ).bytes(of: entry, act: telling.act, provider: provider(entry.provider), crlf: crlf),
            quick: telling.quick, silent: telling.silent, oddities: oddities, quiet: desk.quietNumber(entry.id))
        number += 1
        if !telling.quick, !telling.silent { liveNumber += 1 }
        return step
    }

    func provider(_ code: String) -> Provider? {
        providers.first { $0.code == code }
    }

    /// MSH-7: what the PM's clock shows, never the same millisecond twice.
    private mutating func stamp() {
        // Nobody works on the full minute; the world's clock is not to be run ahead of.
        let late = Int64(dice.below(20_000))
        let at = inHistory || premises.clock == .day ? now.adding(milliseconds: late) : now
        lastAt = Swift.max(lastAt.adding(milliseconds: 1), at)
        if lastAt > now { now = lastAt }
    }

    // MARK: Deciding

    private mutating func decideHistory() {
        let left = wanted.values.reduce(0, +)
        guard left > 0 else {
            inHistory = false
            return
        }
        now = now.adding(milliseconds: Int64(historyGap * Double(dice.within(10...190)) * 600))
        if now.minute >= Diary.closes || now.minute < Diary.opens || now.day.isWeekend {
            var day = now.minute < Diary.opens && !now.day.isWeekend ? now.day : now.day.adding(days: 1)
            while day.isWeekend { day = day.adding(days: 1) }
            now = LocalTime(day, minute: Diary.opens)
        }
        // The history ends before the day begins.
        let last = LocalTime(premises.date, minute: 30)
        if now > last { now = Swift.max(lastAt, last) }
        switch dice.weighted([82, 6, 4, 4, 3, 1]) {
        case 0: book(quick: true)
        case 1: move(quick: true)
        case 2: cancel(quick: true)
        case 3: change(quick: true)
        case 4: confirm(quick: true)
        default: block(quick: true)
        }
    }

    /// Puts the clock where the live part begins, or to its next step.
    private mutating func clock() {
        guard case .now(let anchors) = premises.clock,
            let anchor = anchors.last(where: { $0.from <= liveNumber }) ?? anchors.first
        else {
            let morning = LocalTime(premises.date, minute: 7 * 60 + 30)
            if now < morning { now = morning }
            return
        }
        let instant = anchor.instant.addingTimeInterval(Double(liveNumber - anchor.from) * anchor.pace)
        now = Swift.max(now, LocalTime(instant, in: premises.zone))
    }

    private mutating func decideLive() {
        clock()
        switch premises.clock {
        case .now:
            openNewDay()
            if told.isEmpty, let late = unmarked.first, late.at <= now {
                unmarked.removeFirst()
                keepLate(late.id)
            } else if told.isEmpty, let due = desk.nextDue(on: now.day), dice.chance(0.5) {
                attend(due)
            } else if told.isEmpty {
                call()
            }
        case .day where closed >= opened:
            now = LocalTime(nextOpenDay(after: opened), minute: 7 * 60 + 30)
            openNewDay()
        case .day:
            // The telephone rings till 17:30; after the last patient comes the next open day.
            let gap = 600.0 / (Double(premises.appointmentsADay) * 0.8)
            let ring = now.adding(milliseconds: Int64(gap * Double(dice.within(10...190)) * 600))
            let due = desk.nextDue(on: now.day)
            if let late = unmarked.first, late.at <= ring {
                unmarked.removeFirst()
                now = Swift.max(now, late.at)
                keepLate(late.id)
            } else if let due, due.at <= ring {
                now = Swift.max(now, due.at)
                attend(due)
            } else if ring.minute < 17 * 60 + 30, ring.day == now.day {
                now = ring
                call()
            } else if let due {
                now = Swift.max(now, due.at)
                attend(due)
            } else {
                close(opened)
            }
        }
    }

    /// Midnight: the PM sets those whom nobody marked to NO SHOW, and sends nothing.
    private mutating func close(_ day: LocalDay) {
        closed = day
        let midnight = LocalTime(day.adding(days: 1), minute: 0)
        if now < midnight, premises.clock == .day { now = midnight }
        for id in diary.ids(on: day).sorted() {
            guard var entry = book.entries[id], entry.status.isOpen, !entry.isBlock else { continue }
            if entry.person?.ids != .some(.none), leftAlone[id] == nil, dice.chance(premises.habits.keptNextDay) {
                unmarked.append(Desk.Due(at: LocalTime(nextOpenDay(after: day), minute: 8 * 60 + 10), id: id))
            }
            entry.status = .noShow
            told.append(
                Telling(
                    act: .noShow, event: "S26", entry: entry, quick: true, oddities: [.noShowAtMidnight], silent: true))
        }
        let wishes = book.entries.values.filter { $0.status == .waiting && $0.start.day <= day }
        for wish in wishes.sorted(by: { $0.id < $1.id }) { takeOff(wish) }
    }

    private func nextOpenDay(after day: LocalDay) -> LocalDay {
        var next = day.adding(days: 1)
        while !isOpen(next) { next = next.adding(days: 1) }
        return next
    }

    /// The morning's work: the horizon moves on, old pages are put away, and somebody may be ill.
    private mutating func openNewDay() {
        guard now.day > opened else { return }
        for day in opened.number..<now.day.number where LocalDay(number: day) > closed { close(LocalDay(number: day)) }
        let before = opened
        opened = now.day
        wanted = wanted.filter { $0.key >= opened }
        intended = intended.filter { $0.key >= opened }
        wantDays(from: opened)
        let missing = wanted.values.reduce(0, +)
        for _ in 0..<missing where wanted.values.contains(where: { $0 > 0 }) { book(quick: true) }
        if dice.chance(premises.habits.sickDay) { callInSick() }
        let old = before.adding(days: -7)
        diary.forget(before: old)
        for (id, entry) in book.entries where entry.start.day < old { book.remove(id) }
        // What is decided and not told yet is on nobody's page, and is not forgotten for that.
        let decided = Set(told.map(\.entry.id))
        desk.forget { book.entries[$0] == nil && !decided.contains($0) }
    }
}
