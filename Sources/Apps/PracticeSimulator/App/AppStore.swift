package import Foundation

/// The booking app's list with its log on disk, its faults, and the queue of records to fetch.
package actor AppStore {
    private var list = AppList()
    private let log: LineLog?
    private let ledgerFile: String?
    private var dice: [Fault: FaultDie] = [:]
    private var queue: [String] = []
    private var queued: Set<String> = []
    private var busy: Set<String> = []
    private let bell = Bell()
    /// By which the app says when it last changed an entry; nil: it does not say.
    private let clock: (@Sendable () -> Date)?
    /// The PM's numbers of the appointments to forget and to move, until pmsync sends them again.
    private var toForget: Set<String> = []
    private var toMove: Set<String> = []
    /// What is done wrong with the appointments of these PM's numbers, until it is told to stop.
    private var mischief: [String: Mischief] = [:]
    /// The PM's numbers of each record that was read, and the record of each number.
    private var names: [String: Set<String>] = [:]
    private var records: [String: String] = [:]
    package private(set) var ledger: [LedgerLine] = []

    /// - Parameters:
    ///   - folder: keeps `app.log` and `app-ledger.json`; nil keeps nothing.
    ///   - clock: by which the app says when it last changed an entry; nil: it does not say.
    package init(
        folder: String?, faults: [FaultDose] = [], seed: UInt64 = 0, clock: (@Sendable () -> Date)? = nil
    ) throws(SimulatorError) {
        self.clock = clock
        for dose in faults where !dose.fault.isOfTheFeed { dice[dose.fault] = FaultDie(dose, seed: seed) }
        guard let folder else {
            log = nil
            ledgerFile = nil
            return
        }
        try WholeFile.makeFolder(folder)
        let log = try LineLog(folder + "/app.log")
        for line in try log.lines() {
            guard let event = try? WholeFile.decoder.decode(AppList.Event.self, from: Data(line)) else {
                throw .file(folder + "/app.log", doing: "be understood")
            }
            list.apply(event)
        }
        queue = list.unfetched.sorted()
        queued = Set(queue)
        let ledgerFile = folder + "/app-ledger.json"
        ledger = try WholeFile.read([LedgerLine].self, from: ledgerFile) ?? []
        self.ledgerFile = ledgerFile
        self.log = log
    }

    package func plant(forget: Set<String>, move: Set<String>) {
        toForget.formUnion(forget)
        toMove.formUnion(move)
    }

    /// In an order: whatever appointment it is.
    package static let everything = "*"

    /// Does what it is told to do wrong, or to set right.
    package func obey(_ order: AppOrder) throws(SimulatorError) {
        switch order {
        case .plant(let wrong, let number): mischief[number] = wrong
        case .restore(let number):
            mischief[number] = nil
            guard let record = records[number] else { return }
            if list.appointments["own-" + record] != nil { try self.record([.forgot(id: "own-" + record)]) }
            enqueue(record)
        case .invent(var own):
            own.updated = clock?()
            try record([.edited(own)])
        case .remove(let id): try record([.forgot(id: id)])
        }
    }

    package var notices: [Notice] { list.notices }
    package var appointments: [String: AppAppointment] { list.appointments }
    package func sorted(from: Date?, to: Date?) -> [AppAppointment] { list.sorted(from: from, to: to) }
    package var gap: AppList.Gap? { list.gap }

    // MARK: Notices

    enum Reply: Sendable, Equatable {
        case stored, refused
        /// Not now; nothing was kept.
        case failed
    }

    /// Takes a notice as it came over the wire: the HTTP status of the answer.
    package func receive(webhook: String, body: [UInt8], now: Date) throws(SimulatorError) -> Int {
        guard let notice = try? JSONDecoder().decode(NoticeBody.self, from: Data(body)) else { return 400 }
        return try receive(webhook: webhook, body: notice, now: now).status
    }

    /// Whether a record would have to be looked at before a notice of it can be answered.
    package func mustLook(at record: String) -> Bool {
        names[record] == nil && mischief.values.contains { $0 == .refuse || $0 == .stumble }
    }

    package func learn(_ appointment: AppAppointment) {
        let values = Set(appointment.identifiers.compactMap(\.value))
        names[appointment.id] = values
        for value in values { records[value] = appointment.id }
    }

    /// What is to be answered. Stored means: on disk.
    func receive(webhook: String, body: NoticeBody, now: Date) throws(SimulatorError) -> Reply {
        if list.refused.contains(webhook) { return .refused }
        for name in (names[body.data.record.id] ?? []).union([Self.everything]) {
            if mischief[name] == .refuse { return .refused }
            if mischief[name] == .stumble { return .failed }
        }
        if list.knows(webhook) || body.data.change.map(list.knows(change:)) == true {
            try record([.again(webhook: webhook)])
            return .stored
        }
        let drops = strikes(.appDrops)
        if strikes(.appRefuses) {
            try note(.appRefuses, body.data.record.id)
            try record([.refused(webhook: webhook)])
            return .refused
        }
        if drops { try note(.appDrops, body.data.record.id) }
        let notice = Notice(
            order: list.notices.count + 1, webhook: webhook, type: body.type, event: body.data.event,
            change: body.data.change, id: body.data.record.id, version: body.data.record.version, receivedAt: now,
            times: 1, dropped: drops)
        try record([.notice(notice)])
        if !drops { enqueue(notice.id) }
        return .stored
    }

    /// Notes that the stream of changes has been read up to this one.
    func catchUp(to change: Int64) throws(SimulatorError) { try record([.caughtUp(change: change)]) }

    /// Whether the answer is to take its time.
    func isSlow() -> Bool { strikes(.slow) }

    // MARK: Fetching

    /// The next record to read from pmsync; waits for one; nil once closed. Nobody else is given the same record until
    /// `finish` or `retry`.
    func take() async -> String? {
        while !bell.isClosed {
            if let index = queue.firstIndex(where: { !busy.contains($0) }) {
                let id = queue.remove(at: index)
                queued.remove(id)
                busy.insert(id)
                return id
            }
            await bell.wait()
        }
        return nil
    }

    package func finish(_ id: String, _ appointment: AppAppointment?) throws(SimulatorError) {
        busy.remove(id)
        defer { bell.ring() }
        guard var appointment else { return try record([.gone(id: id)]) }
        appointment.id = id
        appointment.updated = clock?()
        // What pmsync found to differ and sent again is kept honestly from then on.
        let names = list.mended.contains(id) ? [] : Set(appointment.identifiers.compactMap(\.value))
        learn(appointment)
        if let wrong = self.names[id]?.lazy.compactMap({ self.mischief[$0] }).first {
            return try record(events(of: appointment, wrong))
        }
        if !toForget.isDisjoint(with: names) {
            return try record([.fetched(appointment), .forgot(id: id)])
        }
        if !toMove.isDisjoint(with: names) {
            return try record([.fetched(appointment), .edited(edited(appointment))])
        }
        if strikes(.appEdits) {
            try note(.appEdits, id)
            return try record([.fetched(appointment), .edited(edited(appointment))])
        }
        try record([.fetched(appointment)])
    }

    private func events(of appointment: AppAppointment, _ wrong: Mischief) -> [AppList.Event] {
        var other = appointment
        switch wrong {
        case .forget: return [.fetched(appointment), .forgot(id: appointment.id)]
        case .move: other = edited(appointment)
        case .cancel: other.status = "cancelled"
        case .reassign:
            let others = Set(list.appointments.values.compactMap(\.provider)).subtracting([appointment.provider ?? ""])
            other.provider = others.min()
        case .rename:
            let others = Set(list.appointments.values.compactMap(\.patient)).subtracting([appointment.patient ?? ""])
            other.patient = others.min()
        case .relocate:
            let others = Set(list.appointments.values.compactMap(\.location)).subtracting([appointment.location ?? ""])
            other.location = others.min()
        case .ignore:
            guard let before = list.appointments[appointment.id] else { return [.gone(id: appointment.id)] }
            return [.fetched(appointment), .edited(before)]
        case .double:
            other.id = "own-" + appointment.id
            other.identifiers = []
        case .refuse, .stumble: return [.fetched(appointment)]
        }
        return [.fetched(appointment), .edited(other)]
    }

    /// Some of the records that are to be read, at once; each is to be given back by `finish` or `retry`.
    package func takeSome(_ limit: Int) -> [String] {
        let ids = Array(queue.filter { !busy.contains($0) }.prefix(limit))
        busy.formUnion(ids)
        let taken = Set(ids)
        queued.subtract(taken)
        queue.removeAll { taken.contains($0) }
        return ids
    }

    /// Puts it back at the end of the queue.
    func retry(_ id: String) {
        busy.remove(id)
        enqueue(id)
    }

    /// Lets everybody go who waits. From any thread; safe to repeat.
    package nonisolated func close() { bell.close() }

    /// Waits until this is so of the list, or it is closed; asked again at each change.
    package func wait(until isSo: @Sendable (AppList) -> Bool) async {
        while !bell.isClosed, !isSo(list) {
            await bell.wait()
        }
    }

    // MARK: Inside

    private func edited(_ appointment: AppAppointment) -> AppAppointment {
        var edited = appointment
        edited.start = appointment.start?.addingTimeInterval(1800)
        edited.end = appointment.end?.addingTimeInterval(1800)
        return edited
    }

    private func strikes(_ fault: Fault) -> Bool { dice[fault]?.strikes() ?? false }

    private func note(_ fault: Fault, _ id: String) throws(SimulatorError) {
        ledger.append(LedgerLine(kind: "fault", name: fault.rawValue, appointment: id, found: true))
        if let ledgerFile { try WholeFile.write(ledger, to: ledgerFile) }
    }

    private func enqueue(_ id: String) {
        if queued.insert(id).inserted { queue.append(id) }
        bell.ring()
    }

    private func record(_ events: [AppList.Event]) throws(SimulatorError) {
        if let log {
            do {
                try log.append(events.map { [UInt8](try WholeFile.encoder.encode($0)) })
            } catch let error as SimulatorError {
                throw error
            } catch {
                throw .file("app.log", doing: "be written")
            }
        }
        for event in events { list.apply(event) }
        bell.ring()
    }
}

extension AppStore.Reply {
    var status: Int {
        switch self {
        case .stored: 204
        case .refused: 422
        case .failed: 503
        }
    }
}
