import Foundation
import Postgres
import Practice
import Reconciliation
import Workflow

/// What is left once the lists are read: compare and store, in one transaction.
struct ReconcileJob: Sendable {
    let context: ListContext
    let window: Range<Date>
    let from: Day
    let to: Day
    let now: Date
    let began: ContinuousClock.Instant
    let rules: Rules
    let pm: Side
    let apps: [(app: BookingApp, side: Side)]

    private var practice: PracticeProfile { context.practice }

    func run(in transaction: Transaction) async throws -> [SchedulingRun] {
        _ = try await transaction.query(ReconcileQueries.lock(practice.id))
        guard let secret = try await transaction.query("SELECT secret FROM queue.secret").first?.decode([UInt8].self)
        else { throw ReconcileError.unknownPractice }
        let feeds = context.definition.feeds.values.filter { $0.practices.values.contains(practice.id) }.map(\.name)
        let heard = try await transaction.query(ReconcileQueries.lastMessage(feeds)).first?.decode(Date?.self) ?? nil
        let matcher = try await ListMatcher(
            practice: practice.id, enterprise: practice.enterprise, in: transaction)
        let pmEntries = try await match(pm, by: matcher)
        var runs: [SchedulingRun] = []
        for (app, side) in apps.map({ ($0.app as BookingApp?, $0.side) }) + (apps.isEmpty ? [(nil, .absent)] : []) {
            let watermarks = Watermarks(feed: heard, pm: pm.list?.asOf, app: side.list?.asOf)
            let scope = Scope(
                practice: practice.id, workflow: SchedulingReconciliation.workflow, client: app?.id, secret: secret)
            var rules = rules
            rules.goLive = practice.goLive
            if let grace = practice.reconcileGrace { rules.grace = TimeInterval(grace) }
            let comparison = Comparison(
                scope, window: window, rules: rules, watermarks: watermarks, time: context.time, now: now)
            let run = try await compare(
                comparison, pm: pmEntries, app: try await match(side, by: matcher), transaction)
            try await store(run, Sources(watermarks, app: app, pm: pm, side), transaction)
            runs.append(SchedulingRun(run: run, app: app, pmProblem: pm.problem, appProblem: side.problem))
        }
        try await transaction.execute(
            ReconcileQueries.close(
                practice.id, workflow: SchedulingReconciliation.workflow, from: from, to: to, runs: runs.map(\.run.id),
                pmIsUnread: pm.problem != nil, unreadApps: apps.filter { $0.side.problem != nil }.map(\.app.id), at: now
            ))
        return runs
    }

    private func match(_ side: Side, by matcher: ListMatcher) async throws -> [Entry]? {
        guard let list = side.list else { return nil }
        return try await matcher.match(list.entries)
    }

    // MARK: Comparing

    private func compare(
        _ comparison: Comparison, pm: [Entry]?, app: [Entry]?, _ transaction: Transaction
    ) async throws -> ReconciliationRun {
        let id = UUID()
        let records = try await RecordedAppointments(
            practice: practice.id, within: context.reach, in: transaction)
        let evidence = ReconcileEvidence(practice, context.definition, in: transaction)
        // A list that has one number twice may give one key twice; the first stands.
        var seen: Set<String> = []
        let counts = try await comparison.run(
            pm: pm.map { EntryStream($0) }, here: records.stream, app: app.map { EntryStream($0) },
            outside: { try await records.read($0) },
            evidence: { try await evidence.of($0, in: comparison.scope) },
            found: { finding in
                guard seen.insert(finding.key).inserted else { return }
                try await transaction.execute(
                    ReconcileQueries.upsert(
                        finding, sides: try Self.json(finding.sides), run: id, practice: practice.id,
                        workflow: comparison.scope.workflow, at: now))
            })
        let took = (ContinuousClock.now - began) / .seconds(1)
        return ReconciliationRun(id: id, of: comparison, counts: counts, endedAt: now.addingTimeInterval(took))
    }

    // MARK: Storing

    /// As of when each source speaks, and what was wrong with it.
    private struct Sources: Encodable {
        let feed: Date?
        let feedIsSilent: Bool
        let pm: Date?
        let app: Date?
        let pmProblem: String?
        let appProblem: String?
        let client: UUID?
        let clientName: String?
        /// Entries that were compared without who is booked, because the list's word for it is known nowhere here.
        let unknownResources: Int

        init(_ watermarks: Watermarks, app: BookingApp?, pm: Side, _ side: Side) {
            feed = watermarks.feed
            feedIsSilent = watermarks.feedIsSilent
            self.pm = watermarks.pm
            self.app = watermarks.app
            pmProblem = pm.problem?.description
            appProblem = side.problem?.description
            client = app?.id
            clientName = app?.name
            unknownResources = (pm.list?.unknownResources ?? 0) + (side.list?.unknownResources ?? 0)
        }
    }

    private func store(_ run: ReconciliationRun, _ sources: Sources, _ transaction: Transaction) async throws {
        try await transaction.execute(
            ReconcileQueries.insertRun(
                run, sources: try Self.json(sources), counts: try Self.json(run.counts)))
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
