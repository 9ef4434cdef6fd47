// What a practice does beyond one patient and one hour: chains, overbookings, the wait list, a provider who is ill, and
// what is told on the morning after.

extension Script {
    /// Nurse, doctor and lab in a row, for one person; the visit that comes of it is one.
    mutating func bookChain(on day: LocalDay, quick: Bool) {
        guard let person = somebodyNew(on: day), person.ids == .filler, providers.count >= 3 else {
            return bookOne(on: day, quick: quick)
        }
        for _ in 0..<12 {
            let first = dice.below(providers.count)
            let row = (0..<3).map { providers[(first + $0) % providers.count] }
            let starts = diary.free(row[0].code, on: day, minutes: 20, after: now)
            guard !starts.isEmpty else { continue }
            let start = dice.pick(starts)
            let times = (0..<3).map { start.adding(minutes: 20 * $0) }
            let isFree = zip(row, times).allSatisfy { provider, time in
                diary.free(provider.code, on: day, minutes: 20, after: now).contains(time)
            }
            guard isFree else { continue }
            let chain = number("C")
            for (provider, time) in zip(row, times) {
                var link = entry(person, provider, time, VisitType.all[3])
                link.bundle = chain
                tellOfBooking(link, quick: quick, oddities: [.chain])
            }
            return
        }
        bookOne(on: day, quick: quick)
    }

    /// The visit that another link of the chain was given already.
    func visitOfChain(_ entry: BookEntry) -> String? {
        guard let chain = entry.bundle, chain.hasPrefix("C"), let person = entry.person else { return nil }
        return (desk.ofPerson[person.number] ?? []).lazy.compactMap { book.entries[$0] }
            .first { $0.bundle == chain && $0.visit != nil }?.visit
    }

    /// Somebody who has to be seen that day: over another's time, on purpose.
    mutating func overbook(on day: LocalDay, quick: Bool) {
        let there = diary.ids(on: day).sorted().compactMap { book.entries[$0] }.filter { entry in
            entry.status.isOpen && entry.status != .overbooked && entry.start > now && entry.bundle == nil
                && !entry.isBlock && !entry.provider.isEmpty && leftAlone[entry.id] == nil
        }
        guard !there.isEmpty, let person = somebodyNew(on: day), person.ids == .filler,
            let provider = provider(there[0].provider)
        else { return bookOne(on: day, quick: quick) }
        let over = dice.pick(there)
        var second = entry(person, self.provider(over.provider) ?? provider, over.start, VisitType.all[0])
        second.minutes = over.minutes
        second.status = .overbooked
        tellOfBooking(second, quick: quick, oddities: [.overbooked])
    }

    // MARK: The wait list

    /// A wish for a day: an interim entry at an hour that means nothing yet.
    mutating func putOnWaitList(for day: LocalDay, quick: Bool) {
        guard let person = somebodyNew(on: day), person.ids == .filler else { return bookOne(on: day, quick: quick) }
        var wish = entry(person, dice.pick(providers), LocalTime(day, minute: Diary.closes), VisitType.all[0])
        wish.status = .waiting
        desk.settle(wish, at: now)
        told.append(
            Telling(act: .waitListed, event: "S12", entry: wish, quick: quick, oddities: [.interimWaitList]))
    }

    /// A time is found for somebody on the wait list: a new appointment, and the PM takes the interim entry away by
    /// itself.
    mutating func offer(quick: Bool) {
        let wishes = book.entries.values.filter { $0.status == .waiting && $0.start > now && leftAlone[$0.id] == nil }
            .sorted { $0.id < $1.id }
        guard !wishes.isEmpty else { return }
        let wish = dice.pick(wishes)
        guard let person = wish.person, let (provider, start) = slot(on: wish.start.day, minutes: wish.minutes),
            !isTaken(person, at: start, minutes: wish.minutes, besides: wish.id)
        else { return }
        tellOfBooking(
            entry(person, provider, start, VisitType.all[0]), quick: quick, oddities: [.interimWaitList])
        takeOff(wish)
    }

    /// Without a message.
    mutating func takeOff(_ wish: BookEntry) {
        var gone = wish
        gone.status = .deleted
        told.append(
            Telling(act: .removed, event: "S17", entry: gone, quick: true, oddities: [.interimWaitList], silent: true))
    }

    // MARK: A day at once

    /// A provider does not come: the day's patients go to a colleague where one is free, or all are called off.
    mutating func callInSick() {
        let ill = dice.pick(providers)
        let mine = diary.ids(on: opened).sorted().compactMap { book.entries[$0] }.filter { entry in
            entry.provider == ill.code && entry.status.isOpen && !entry.isBlock && entry.start > now
                && leftAlone[entry.id] == nil && !desk.isQuiet(entry.id)
        }
        let transfers = dice.chance(0.5)
        for var entry in mine {
            let colleague = providers.first { other in
                transfers && other.code != ill.code
                    && diary.free(other.code, on: opened, minutes: entry.minutes, after: now).contains(entry.start)
            }
            if let colleague {
                diary.remove(entry)
                entry.provider = colleague.code
                entry.location = colleague.location
                diary.add(entry)
                told.append(
                    Telling(
                        act: .transferred, event: "S14", entry: entry, quick: true, oddities: [.bulkTransferred]))
            } else {
                entry.status = .cancelled
                told.append(
                    Telling(act: .cancelled, event: "S15", entry: entry, quick: true, oddities: [.bulkCancelled]))
            }
        }
    }

    /// The desk finds on the morning after that somebody had been there.
    mutating func keepLate(_ id: String) {
        guard let entry = book.entries[id], entry.status == .noShow, let person = entry.person else { return }
        told.append(kept(entry, person, oddities: [.keptNextDay]))
    }

    // MARK: Planting

    /// Whether its person has nothing else on the book.
    func isAlone(_ entry: BookEntry) -> Bool {
        guard let person = entry.person else { return false }
        return (desk.ofPerson[person.number] ?? []).allSatisfy { $0 == entry.id }
    }

    /// Series, groups and chains live together, and the demo's quiet ones are planted already.
    func mayBeLeftAlone(_ id: String) -> Bool {
        guard let entry = book.entries[id] else { return false }
        return entry.bundle == nil && entry.replaces == nil && !desk.isQuiet(id) && entry.status != .overbooked
            && !book.entries.values.contains { $0.replaces == id }
    }

    /// What the desk sends when it opens an entry and saves it as it is.
    mutating func saved(_ entry: BookEntry, at time: LocalTime) -> Step {
        let (act, event): (Step.Act, String) =
            switch entry.status {
            case .pending, .confirmed, .overbooked: (.changed, "S14")
            case .kept: (.kept, "S12")
            case .checkedOut: (.checkedOut, "S14")
            case .cancelled: (.cancelled, "S15")
            case .noShow: (.noShow, "S26")
            case .deleted: (.deleted, "S17")
            case .waiting: (.waitListed, "S12")
            }
        return written(entry, as: act, event, at: time)
    }

    /// A message beside the script's own.
    private mutating func written(_ entry: BookEntry, as act: Step.Act, _ event: String, at time: LocalTime) -> Step {
        saves += 1
        let controlID = "\(premises.base)9\(padded(saves, 5))"
        let bytes = SIU(
            facility: premises.facility, practice: premises.practice, at: time, controlID: controlID, event: event
        )
        .bytes(of: entry, act: act, provider: provider(entry.provider), crlf: false)
        return Step(
            number: -saves, act: act, event: event, controlID: controlID, at: time, entry: entry, bytes: bytes,
            quick: false, silent: false, oddities: [], quiet: nil)
    }

    /// A plain booking of somebody who has nothing else, at the time and with the provider of another; not on the script's
    /// own book. `number` tells such people apart.
    mutating func bookingOver(_ entry: BookEntry, id: String, number: Int, at time: LocalTime) -> Step? {
        let person = people.person(premises.appointmentsADay * 8 + 20 + number)
        guard person.ids == .filler else { return nil }
        let second = BookEntry(
            id: id, status: .pending, start: entry.start, minutes: entry.minutes, person: person,
            hasChart: !person.chartAtFirstVisit, provider: entry.provider, location: entry.location, event: entry.event)
        return written(second, as: .booked, "S12", at: time)
    }

    /// Whether something is decided of it that is not told yet.
    func isBusy(_ id: String) -> Bool { told.contains { $0.entry.id == id } }

    /// Does nothing more to an entry, nor to its person's others, until `release`.
    mutating func leaveAlone(_ id: String) {
        leftAlone[id] = book.entries[id]?.person?.number ?? 0
        withdraw(id)
    }

    /// Takes an entry off the book, as if the desk had deleted it.
    mutating func strike(_ id: String) {
        guard var entry = book.entries[id] else { return }
        diary.remove(entry)
        entry.status = .deleted
        book.put(entry)
        withdraw(id)
    }

    mutating func withdraw(_ id: String) {
        diary.withdraw(id)
        desk.done(id)
        unmarked.removeAll { $0.id == id }
    }

    /// Goes on with it.
    mutating func release(_ id: String) {
        guard leftAlone.removeValue(forKey: id) != nil, let entry = book.entries[id] else { return }
        desk.settle(entry, at: now)
        if entry.status.isOpen, !entry.isBlock { diary.offer(entry) }
    }
}
