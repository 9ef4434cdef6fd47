// What people at the front desk do. Each decides one change, or a few that belong together, and puts it in `told`.

extension Script {
    // MARK: The telephone

    mutating func call() {
        let missing = wanted.values.reduce(0, +)
        switch dice.weighted([missing > 0 ? 45 : 4, 18, 12, 14, 12, 2, 2, 1, 2]) {
        case 0: book(quick: false)
        case 1: move(quick: false)
        case 2: cancel(quick: false)
        case 3: change(quick: false)
        case 4: confirm(quick: false)
        case 5: block(quick: false)
        case 6: open(quick: false)
        case 7: delete(quick: false)
        default: offer(quick: false)
        }
    }

    mutating func book(quick: Bool) {
        guard let day = wantedDay() else { return extraBooking(quick: quick) }
        wanted[day, default: 1] -= 1
        if dice.chance(premises.habits.series) { return bookSeries(from: day, quick: quick) }
        if dice.chance(premises.habits.group) { return bookGroup(on: day, quick: quick) }
        if dice.chance(premises.habits.chain) { return bookChain(on: day, quick: quick) }
        if dice.chance(premises.habits.overbooked) { return overbook(on: day, quick: quick) }
        if dice.chance(premises.habits.waitList) { return putOnWaitList(for: day, quick: quick) }
        bookOne(on: day, quick: quick)
    }

    /// Beyond what the day should have: somebody who insists.
    private mutating func extraBooking(quick: Bool) {
        let day = opened.adding(days: dice.below(Self.horizon + 1))
        if isOpen(day) { bookOne(on: day, quick: quick) }
    }

    private mutating func wantedDay() -> LocalDay? {
        let days = wanted.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        return dice.weighted(days.map(\.value)).map { days[$0].key }
    }

    mutating func bookOne(on day: LocalDay, quick: Bool) {
        let type = VisitType.all[dice.weighted(VisitType.all.map(\.weight)) ?? 0]
        guard let (provider, start) = slot(on: day, minutes: type.minutes) else { return }
        var oddities: [Oddity] = []
        var person: Person?
        if dice.chance(premises.habits.twiceADay), let again = somebody(alreadyOn: day, awayFrom: start, type.minutes) {
            person = again
            oddities.append(.twiceADay)
        }
        guard let person = person ?? somebodyNew(on: day) else { return }
        let quiet = nextQuiet(day, person)
        tellOfBooking(
            entry(person, provider, start, type), quick: quick, oddities: oddities,
            quiet: quick && oddities.isEmpty ? quiet : nil)
    }

    /// The history leaves six plain appointments of the coming days alone, so that differences can be planted on them
    /// that stay as they were planted.
    private func nextQuiet(_ day: LocalDay, _ person: Person) -> Int? {
        let planned = desk.quietCount + told.filter { $0.quiet != nil }.count
        guard planned < 6, day > premises.date, opened == premises.date, person.ids == .filler,
            !person.chartAtFirstVisit, desk.ofPerson[person.number] == nil
        else { return nil }
        return planned
    }

    private mutating func bookSeries(from day: LocalDay, quick: Bool) {
        guard let (provider, first) = slot(on: day, minutes: 20), let person = somebodyNew(on: day),
            person.ids == .filler
        else { return bookOne(on: day, quick: quick) }
        let series = number("R")
        for week in 0..<4 {
            let start = first.adding(minutes: week * 7 * 1440)
            guard diary.free(provider.code, on: start.day, minutes: 20, after: now).contains(start) else { continue }
            var occurrence = entry(person, provider, start, VisitType.all[0])
            occurrence.bundle = series
            if week == 1 { desk.occurrencesToChange.append(occurrence.id) }
            tellOfBooking(occurrence, quick: quick, oddities: [.series])
        }
    }

    private mutating func bookGroup(on day: LocalDay, quick: Bool) {
        let starts = diary.free("", on: day, minutes: VisitType.group.minutes, after: now)
        guard !starts.isEmpty else { return }
        let start = dice.pick(starts)
        let room = Provider(code: "", family: "", given: "", location: Provider.groupRoom)
        let group = number("G")
        var members: Set<Int> = []
        for _ in 0..<dice.within(4...8) {
            guard let person = somebodyNew(on: day), person.ids == .filler, members.insert(person.number).inserted
            else { continue }
            var member = entry(person, room, start, VisitType.group)
            member.bundle = group
            tellOfBooking(member, quick: quick, oddities: [.group])
        }
    }

    mutating func tellOfBooking(
        _ entry: BookEntry, quick: Bool, oddities: [Oddity] = [], quiet: Int? = nil
    ) {
        // Reserved now, so that what is decided next does not take the same time; told in its turn.
        diary.add(entry)
        diary.withdraw(entry.id)
        desk.settle(entry, at: now)
        told.append(
            Telling(act: .booked, event: "S12", entry: entry, quick: quick, oddities: oddities, quiet: quiet))
    }

    mutating func move(quick: Bool) {
        let series = desk.occurrencesToChange.popLast().flatMap { book.entries[$0] }
        guard let entry = series ?? somebodyOpen(), entry.status.isOpen, entry.event != VisitType.group.code else {
            return
        }
        let days = (0...Self.horizon).map { opened.adding(days: $0) }.filter { isOpen($0) }
        guard let (provider, start) = slot(on: dice.pick(days), minutes: entry.minutes),
            !isTaken(entry.person, at: start, minutes: entry.minutes, besides: entry.id)
        else { return }
        var moved = entry
        moved.start = start
        moved.provider = provider.code
        moved.location = provider.location
        moved.status = .pending
        let oddities: [Oddity] = series == nil ? [] : [.changedOccurrence]
        if entry.person?.ids == .filler, series == nil, dice.chance(premises.habits.movedUnderNewID) {
            var old = entry
            old.status = .cancelled
            told.append(
                Telling(act: .cancelled, event: "S15", entry: old, quick: quick, oddities: [.movedUnderNewID]))
            var new = moved
            new = BookEntry(
                id: number("A"), status: .pending, start: start, minutes: entry.minutes, person: entry.person,
                hasChart: entry.hasChart, provider: moved.provider, location: moved.location, event: entry.event,
                bundle: nil, replaces: entry.id, visit: nil)
            tellOfBooking(new, quick: quick, oddities: [.movedUnderNewID])
        } else {
            told.append(Telling(act: .moved, event: "S13", entry: moved, quick: quick, oddities: oddities))
        }
    }

    mutating func cancel(quick: Bool) {
        guard var entry = somebodyOpen() else { return }
        entry.status = .cancelled
        told.append(Telling(act: .cancelled, event: "S15", entry: entry, quick: quick))
        wanted[entry.start.day]? += 1
    }

    mutating func change(quick: Bool) {
        guard var entry = somebodyOpen(), entry.event != VisitType.group.code else { return }
        var act = Step.Act.changed
        var oddities: [Oddity] = []
        let others = providers.filter { other in
            other.code != entry.provider
                && diary.free(other.code, on: entry.start.day, minutes: entry.minutes, after: now).contains(entry.start)
        }
        if dice.chance(0.4), !others.isEmpty {
            let other = dice.pick(others)
            entry.provider = other.code
            entry.location = other.location
            act = .transferred
            oddities.append(.transferred)
        } else {
            let same = VisitType.all.filter { $0.minutes == entry.minutes && $0.code != entry.event }
            guard !same.isEmpty else { return }
            entry.event = dice.pick(same).code
        }
        told.append(Telling(act: act, event: "S14", entry: entry, quick: quick, oddities: oddities))
    }

    mutating func confirm(quick: Bool) {
        guard var entry = somebodyOpen(), entry.status == .pending else { return }
        entry.status = .confirmed
        told.append(Telling(act: .confirmed, event: "S14", entry: entry, quick: quick))
    }

    mutating func delete(quick: Bool) {
        guard var entry = somebodyOpen() else { return }
        entry.status = .deleted
        told.append(Telling(act: .deleted, event: "S17", entry: entry, quick: quick, oddities: [.deleted]))
    }

    mutating func block(quick: Bool) {
        let day = opened.adding(days: dice.within(1...Self.horizon))
        guard isOpen(day), let (provider, start) = slot(on: day, minutes: VisitType.blocked.minutes) else { return }
        let entry = BookEntry(
            id: number("B"), status: .pending, start: start, minutes: VisitType.blocked.minutes, person: nil,
            hasChart: false, provider: provider.code, location: provider.location, event: VisitType.blocked.code)
        diary.add(entry)
        diary.withdraw(entry.id)
        told.append(Telling(act: .blocked, event: "S23", entry: entry, quick: quick))
    }

    mutating func open(quick: Bool) {
        let blocks = book.entries.values.filter { $0.isBlock && $0.start > now }.sorted { $0.id < $1.id }
        guard !blocks.isEmpty else { return }
        told.append(Telling(act: .opened, event: "S24", entry: dice.pick(blocks), quick: quick))
    }

    // MARK: The waiting room

    /// The next thing that happens to one of the day's patients.
    mutating func attend(_ due: Desk.Due) {
        guard var entry = book.entries[due.id], let person = entry.person else { return desk.done(due.id) }
        switch entry.status {
        case .pending, .confirmed, .overbooked:
            switch dice.weighted([85, 6, 4, 5]) {
            case 1:
                entry.status = .noShow
                told.append(Telling(act: .noShow, event: "S26", entry: entry, quick: false))
                // Without an id it could as well be another visit.
                if person.ids != .none, dice.chance(premises.habits.comesAfterNoShow) {
                    told.append(kept(entry, person, oddities: [.keptAfterNoShow]))
                }
            case 2:
                entry.status = .cancelled
                told.append(Telling(act: .cancelled, event: "S15", entry: entry, quick: false))
            // Nobody marks anything: the PM will at midnight.
            case 3: desk.done(due.id)
            default: told.append(kept(entry, person, oddities: []))
            }
        case .kept:
            if dice.chance(premises.habits.checkInUndone) {
                entry.status = .pending
                told.append(
                    Telling(act: .checkInUndone, event: "S14", entry: entry, quick: false, oddities: [.checkInUndone]))
            } else if !dice.chance(premises.habits.checksOut) {
                desk.done(due.id)
            } else {
                entry.status = .checkedOut
                told.append(Telling(act: .checkedOut, event: "S14", entry: entry, quick: false))
            }
        case .checkedOut, .cancelled, .noShow, .deleted, .waiting: desk.done(due.id)
        }
    }

    /// NextGen says KEPT by an S12, and makes the visit, and often the chart, only now.
    mutating func kept(_ entry: BookEntry, _ person: Person, oddities: [Oddity]) -> Telling {
        var kept = entry
        var oddities = oddities + [.keptByBooking]
        kept.status = .kept
        if kept.visit == nil { kept.visit = visitOfChain(entry) }
        if kept.visit == nil {
            desk.lastVisit += 1
            kept.visit = "\(premises.base)\(padded(desk.lastVisit, 5))"
        }
        if !kept.hasChart {
            kept.hasChart = true
            oddities.append(.firstMRNAtKept)
        }
        return Telling(act: .kept, event: "S12", entry: kept, quick: false, oddities: oddities)
    }

    // MARK: Who, when, with whom

    mutating func entry(
        _ person: Person, _ provider: Provider, _ start: LocalTime, _ type: VisitType
    ) -> BookEntry {
        BookEntry(
            id: number("A"), status: .pending, start: start, minutes: type.minutes, person: person,
            hasChart: !person.chartAtFirstVisit || desk.charted.contains(person.number), provider: provider.code,
            location: provider.location, event: type.code)
    }

    mutating func number(_ letter: String) -> String {
        desk.lastEntry += 1
        return "\(letter)\(premises.base)\(padded(desk.lastEntry, 5))"
    }

    mutating func slot(on day: LocalDay, minutes: Int) -> (Provider, LocalTime)? {
        let first = dice.below(providers.count)
        for offset in 0..<providers.count {
            let provider = providers[(first + offset) % providers.count]
            let starts = diary.free(provider.code, on: day, minutes: minutes, after: now)
            if !starts.isEmpty { return (provider, dice.pick(starts)) }
        }
        return nil
    }

    private mutating func somebodyOpen() -> BookEntry? {
        for _ in 0..<4 where !diary.open.isEmpty {
            guard let entry = book.entries[dice.pick(diary.open)], entry.start > now, entry.status.isOpen else {
                continue
            }
            return entry
        }
        return nil
    }

    /// A person with nothing on that day; one without ids has nothing at all.
    mutating func somebodyNew(on day: LocalDay) -> Person? {
        for _ in 0..<8 {
            let person = people.person(dice.below(premises.appointmentsADay * 8 + 20))
            let ids = desk.ofPerson[person.number] ?? []
            if leftAlone.values.contains(person.number) { continue }
            if person.ids != .filler, !ids.isEmpty { continue }
            if ids.contains(where: { diary.ids(on: day).contains($0) || desk.isQuiet($0) }) { continue }
            return person
        }
        return nil
    }

    private mutating func somebody(alreadyOn day: LocalDay, awayFrom start: LocalTime, _ minutes: Int) -> Person? {
        let there = diary.ids(on: day).sorted().compactMap { book.entries[$0] }.filter { entry in
            entry.person?.ids == .filler && entry.bundle == nil && !desk.isQuiet(entry.id)
                && leftAlone[entry.id] == nil
                && (entry.end <= start || start.adding(minutes: minutes) <= entry.start)
        }
        guard !there.isEmpty, let person = dice.pick(there).person,
            !isTaken(person, at: start, minutes: minutes, besides: "")
        else { return nil }
        return person
    }

    func isTaken(_ person: Person?, at start: LocalTime, minutes: Int, besides id: String) -> Bool {
        guard let person else { return false }
        return (desk.ofPerson[person.number] ?? []).contains { other in
            guard other != id, let entry = book.entries[other], diary.ids(on: start.day).contains(other) else {
                return false
            }
            return entry.start < start.adding(minutes: minutes) && start < entry.end
        }
    }
}
