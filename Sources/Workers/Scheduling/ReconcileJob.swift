import Foundation
import Postgres
import Practice
import Reconciliation
import Worker
import Workflow

/// What is left once the lists are in the database: match, compare and store, in one transaction.
struct ReconcileJob: Sendable {
    let context: ListContext
    let window: Range<Date>
    let from: Day
    let to: Day
    /// Somebody asked for this window: its findings are stored, and no page takes its counts and members for the newest.
    let isAdHoc: Bool
    /// Findings of days before it can no longer show in a usual run.
    let lapsedBefore: Day
    let now: Date
    let began: ContinuousClock.Instant
    let rules: Rules
    let pm: Side
    let apps: [(app: BookingApp, side: Side)]
    let judgesAll: Bool

    /// Findings, and bytes of members, that are held before they are sent.
    private static let findingsAtOnce = 200
    private static let membersAtOnce = 1 << 20

    private var practice: PracticeProfile { context.practice }

    func run(in transaction: Transaction) async throws -> [SchedulingRun] {
        // A million lines take their time; and no plan may rest on what the tables held in the run before.
        try await transaction.script(
            "SET LOCAL statement_timeout = '15min'; SET LOCAL plan_cache_mode = force_custom_plan")
        try await transaction.script(
            "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL default_statistics_target = 10")
        _ = try await transaction.query(ReconcileQueries.lock(practice.id))
        guard let secret = try await transaction.query("SELECT secret FROM queue.secret").first?.decode([UInt8].self)
        else { throw ReconcileError.unknownPractice }
        let feeds = try await FeedMarks.read(context.definition, practice: practice.id, in: transaction)
        var timing = RunTiming()
        var last = began
        func lap() -> Double {
            defer { last = .now }
            return last.duration(to: .now) / .seconds(1)
        }
        timing.reading = lap()
        var madeAt: [Int16: Date] = [0: pm.list?.asOf].compactMapValues(\.self)
        for (index, app) in apps.enumerated() { madeAt[Int16(clamping: index + 1)] = app.side.list?.asOf }
        try await ReconcileMatching.run(
            practice: practice.id, enterprise: practice.enterprise, madeAt: madeAt, in: transaction)
        timing.matching = lap()
        var sides: [Int16: Int] = [:]
        for (number, side) in ([pm] + apps.map(\.side)).enumerated() {
            if let list = side.list { sides[Int16(clamping: number)] = list.count }
        }
        var sieve = ReconcileSieve(
            practice: practice, reach: context.reach, window: window, sides: sides, isOpen: judgesAll, in: transaction)
        try await sieve.readOurs()
        let busy = try await sieve.busyDays()
        let pmUnread = try await unreadRows(pm, isPM: true, transaction)
        timing.records = lap()
        try await sieve.doubt()
        timing.doubting = lap()
        try await sieve.findClashes()
        timing.overbooking = lap()

        let compared: [(app: BookingApp?, side: Side)] =
            apps.isEmpty ? [(nil, .absent)] : apps.map { ($0.app, $0.side) }
        var runs: [SchedulingRun] = []
        for (index, (app, side)) in compared.enumerated() {
            let number: Int16? = side.list == nil ? nil : Int16(clamping: index + 1)
            var unlisted: [SideName: Set<Day>] = [:]
            if let list = pm.list { unlisted[.pm] = busy.subtracting(list.days) }
            if let list = side.list { unlisted[.app] = busy.subtracting(list.days) }
            var watermarks = Watermarks(
                feed: feeds.last, feedIsSilent: !feeds.silent.isEmpty, pm: pm.list?.asOf, app: side.list?.asOf)
            watermarks.silentFeeds = feeds.silent
            watermarks.feedRested = rested(since: feeds.last)
            watermarks.unlistedDays = unlisted
            watermarks.unreadRows[.pm] = pmUnread
            watermarks.unreadRows[.app] = try await unreadRows(side, isPM: false, transaction)
            let scope = Scope(
                practice: practice.id, workflow: SchedulingReconciliation.workflow, client: app?.id, secret: secret)
            let comparison = Comparison(
                scope, window: window, rules: rules.ofPractice(practice), watermarks: watermarks, time: context.time,
                now: now)
            let store = ReconcileStore(
                practice: practice.id, workflow: scope.workflow, zone: practice.zoneName, now: now,
                transaction: transaction, runs: runs.map(\.run.id))
            let run = try await compare(comparison, sieve, app: number, store)
            timing.judging = lap()
            if !isAdHoc {
                try await store.keepMembers(client: app?.id, hasPM: pm.list != nil, hasApp: number != nil)
            }
            let sources = Sources(
                watermarks, feeds, app: app, pm: pm, side,
                pmSince: try await since(.pm, pm.problem, app, store),
                appSince: try await since(.app, side.problem, app, store))
            try await store.save(run, client: app?.id, sources: sources, isAdHoc: isAdHoc)
            timing.keeping = lap()
            runs.append(
                SchedulingRun(
                    run: run, app: app, pmProblem: pm.problem, appProblem: side.problem,
                    pmUnread: pm.list?.unread, appUnread: side.list?.unread, timing: timing))
        }
        let store = ReconcileStore(
            practice: practice.id, workflow: SchedulingReconciliation.workflow, zone: practice.zoneName, now: now,
            transaction: transaction, runs: runs.map(\.run.id))
        if !isAdHoc { try await store.dropMembers(except: compared.map(\.app?.id)) }
        var unread = ReconcileStore.Unread(
            pm: pm.problem != nil, apps: apps.filter { $0.side.problem != nil }.map(\.app.id))
        if let lines = pm.list?.unread, let pmUnread {
            unread.findings += try await store.unsure(lines, pmUnread, client: nil, side: 0)
        }
        for (index, (app, side)) in apps.enumerated() {
            guard let lines = side.list?.unread, let rows = try await unreadRows(side, isPM: false, transaction)
            else { continue }
            unread.findings += try await store.unsure(lines, rows, client: app.id, side: Int16(clamping: index + 1))
        }
        try await store.close(from: from, to: to, lapsedBefore: lapsedBefore, unread: unread)
        return runs
    }

    /// A week's end is no silence: only what passed of the open hours until the PM's list was made.
    private func rested(since last: Date?) -> TimeInterval? {
        guard let last, let asOf = pm.list?.asOf else { return nil }
        let limit = rules.ofPractice(practice).feedMayRest + 60
        return practice.hours.seconds(from: last, to: asOf, upTo: limit, by: context.time)
    }

    // MARK: Comparing

    private func compare(
        _ comparison: Comparison, _ sieve: ReconcileSieve, app: Int16?, _ store: ReconcileStore
    ) async throws -> ReconciliationRun {
        let transaction = sieve.transaction
        // The cursors of the app before are done with, and would hold the tables.
        try await transaction.script("CLOSE ALL; TRUNCATE pg_temp.sifted, pg_temp.verdict")
        var counts = try await sieve.sift(app: app)
        let entries = DoubtfulEntries(
            practice: practice.id, enterprise: practice.enterprise, transaction: transaction)
        let overbooked = try await entries.overbooked()
        let evidence = ReconcileEvidence(practice, context.definition, in: transaction)
        let id = UUID()
        let run = ReconcileStore(
            practice: store.practice, workflow: store.workflow, zone: store.zone, now: now, transaction: transaction,
            runs: store.runs + [id])
        var findings: [Finding] = []
        var members = CopyRows()
        counts += try await comparison.run(
            pm: pm.list == nil ? nil : try await entries.theirs(side: 0), here: try await entries.ours(),
            app: app == nil ? nil : try await entries.theirs(side: app ?? 0),
            others: { overbooked.contains($0) ? try await entries.others(than: $0) : [] },
            evidence: { try await evidence.of($0, in: comparison.scope) },
            found: { finding in
                findings.append(finding)
                if findings.count < Self.findingsAtOnce { return }
                try await run.save(findings, run: id)
                findings.removeAll(keepingCapacity: true)
            },
            settled: { settlement in
                try run.pack(settlement, comparison, into: &members)
                if members.size < Self.membersAtOnce { return }
                try await run.send(members)
                members = CopyRows()
            })
        try await run.save(findings, run: id)
        try await run.send(members)
        let took = (ContinuousClock.now - began) / .seconds(1)
        return ReconciliationRun(id: id, of: comparison, counts: counts, endedAt: now.addingTimeInterval(took))
    }

    // MARK: Sources

    /// By the names that its lines are matched by. What names no record of ours may be of any that was matched without
    /// a name, by person and time.
    private func unreadRows(_ side: Side, isPM: Bool, _ transaction: Transaction) async throws -> UnreadRows? {
        guard let unread = side.list?.unread else { return nil }
        guard isPM else {
            let known = try await transaction.query(
                ReconcileQueries.known(Array(unread.ours), practice: practice.id)
            ).map { try $0.decode(UUID.self) }
            return UnreadRows(
                records: Set(known), isAnyUnnamed: unread.isAnyWithoutOurs || known.count < unread.ours.count)
        }
        let named = try await transaction.query(
            ReconcileQueries.named(Array(unread.references), practice: practice.id)
        ).map { try $0.decode((String, UUID, Bool).self) }
        let certain = Set(named.lazy.filter(\.2).map(\.0))
        return UnreadRows(
            records: Set(named.map(\.1)), isAnyUnnamed: unread.isAnyWithoutReference || certain != unread.references)
    }

    private func since(
        _ name: SideName, _ problem: ListProblem?, _ app: BookingApp?, _ store: ReconcileStore
    ) async throws -> Date? {
        problem == nil ? nil : try await store.problemSince(name, client: app?.id) ?? now
    }

    /// As of when each source speaks, and what was wrong with it.
    private struct Sources: Encodable {
        let feed: Date?
        let feedIsSilent: Bool
        let feeds: [FeedMarks.Feed]
        let pm: Date?
        let app: Date?
        let pmProblem: String?
        let appProblem: String?
        /// Since when the list could not be read, run after run.
        let pmProblemSince: Date?
        let appProblemSince: Date?
        /// Days that a list does not speak of.
        let pmLacks: [String]
        let appLacks: [String]
        /// Rows of a list that could not be read, and what is wrong with the first.
        let pmUnread: Int?
        let appUnread: Int?
        let pmUnreadFirst: String?
        let appUnreadFirst: String?
        let client: UUID?
        let clientName: String?
        /// Entries that were compared without who is booked, or where, because the list's word for it is known nowhere here.
        let unknownResources: Int
        let unknownLocations: Int

        init(
            _ watermarks: Watermarks, _ marks: FeedMarks, app: BookingApp?, pm: Side, _ side: Side, pmSince: Date?,
            appSince: Date?
        ) {
            feed = watermarks.feed
            feedIsSilent = watermarks.feedIsSilent
            feeds = marks.feeds
            self.pm = watermarks.pm
            self.app = watermarks.app
            pmProblem = pm.problem?.description
            appProblem = side.problem?.description
            pmProblemSince = pmSince
            appProblemSince = appSince
            pmLacks = (watermarks.unlistedDays[.pm] ?? []).sorted().map(\.description)
            appLacks = (watermarks.unlistedDays[.app] ?? []).sorted().map(\.description)
            pmUnread = pm.list?.unread?.count
            appUnread = side.list?.unread?.count
            pmUnreadFirst = pm.list?.unread?.first.description
            appUnreadFirst = side.list?.unread?.first.description
            client = app?.id
            clientName = app?.name
            unknownResources = (pm.list?.unknownResources ?? 0) + (side.list?.unknownResources ?? 0)
            unknownLocations = (pm.list?.unknownLocations ?? 0) + (side.list?.unknownLocations ?? 0)
        }
    }
}

extension Rules {
    /// With what the practice has set.
    fileprivate func ofPractice(_ practice: PracticeProfile) -> Rules {
        var rules = self
        rules.goLive = practice.goLive.of(SchedulingReconciliation.workflow)
        if let grace = practice.reconcileGrace { rules.grace = TimeInterval(grace) }
        if let start = practice.tolerances.startSeconds { rules.startTolerance = TimeInterval(start) }
        if let end = practice.tolerances.endSeconds { rules.endTolerance = TimeInterval(end) }
        if let hours = practice.tolerances.feedHours { rules.feedMayRest = TimeInterval(hours) * 3600 }
        rules.ignored = Set(practice.tolerances.ignored.compactMap { ComparedField(rawValue: $0.rawValue) })
        return rules
    }
}

/// When each of a practice's feeds was last heard, and which are silent against their rhythm.
struct FeedMarks: Sendable {
    struct Feed: Encodable, Sendable {
        let name: String
        let last: Date?
        let silentSince: Date?
        /// Whether its silence means something (`silent-after`).
        let isAwaited: Bool
    }

    let feeds: [Feed]

    var last: Date? { feeds.compactMap(\.last).max() }
    var silent: [String: Date?] {
        Dictionary(uniqueKeysWithValues: feeds.filter { $0.silentSince != nil }.map { ($0.name, $0.silentSince) })
    }

    static func read(
        _ definition: Definition, practice: String, in transaction: Transaction
    ) async throws -> FeedMarks {
        let names = definition.feeds.values.filter { $0.practices.values.contains(practice) }.map(\.name).sorted()
        let rows = try await transaction.query(ReconcileQueries.lastMessages(names))
        let silent = Dictionary(
            try await SilentFeed.open(of: practice, in: transaction).map { ($0.feed, $0.since) }
                + transaction.query(ReconcileQueries.held(names)).map { try $0.decode((String, Date).self) }
        ) { first, _ in first }
        return FeedMarks(
            feeds: try rows.map { row in
                let (name, last) = try row.decode((String, Date?).self)
                return Feed(
                    name: name, last: last, silentSince: silent[name],
                    isAwaited: definition.feeds[name]?.silentAfter(of: practice) != .never)
            })
    }
}
