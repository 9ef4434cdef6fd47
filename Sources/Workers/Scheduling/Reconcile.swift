import Destination
package import Foundation
package import Postgres
package import Practice
package import Reconciliation
package import Worker
import Workflow

/// The database side of scheduling's reconciliation: reads the PM's own list, our record and each booking app's list,
/// lets `Comparison` judge, and stores runs and findings. It changes no record and tells nobody.
package struct SchedulingReconciliation: Sendable {
    package static let workflow = "scheduling"

    private let pool: Pool
    private let definitions: DefinitionStore
    private let outbound: OutboundLists
    private let folder: String?
    private let rules: Rules
    /// Nothing is settled by the database: for tests, which hold it to what `Comparison` says of all.
    var judgesAll = false

    /// - Parameters:
    ///   - pool: as pmsync_scheduling or pmsync_operator.
    ///   - folder: the data folder, under which relative paths of lists are.
    package init(
        pool: Pool, definitions: DefinitionStore, folder: String?, rules: Rules = Rules()
    ) {
        self.pool = pool
        self.definitions = definitions
        outbound = OutboundLists()
        self.folder = folder
        self.rules = rules
    }

    /// Closes its connections; nothing runs afterwards.
    package func close() async { await outbound.close() }

    /// The practices with any list to compare with.
    package func practices() async throws -> [String] {
        let definition = try await definitions.current()
        let withApps = Set(
            try await pool.query(ReconcileQueries.practicesWithApps()).map { try $0.decode(String.self) })
        return definition.practices.values.filter { $0.reconcilePM != nil || withApps.contains($0.id) }.map(\.id)
            .sorted()
    }

    /// The days that are compared unless somebody asks for others, by the practice's clock: yesterday to sixty days ahead
    /// where its file does not say (`reconcile`).
    package func usualDays(of practice: String, now: Date) async throws -> (from: Day, to: Day) {
        Self.usualDays(of: try await profile(practice).practice, now: now)
    }

    private static func usualDays(of practice: PracticeProfile, now: Date) -> (from: Day, to: Day) {
        let today = PracticeTime(zone: practice.zone).day(of: now)
        return (
            today.adding(days: -(practice.reconcileBack ?? usualBack)),
            today.adding(days: practice.reconcileAhead ?? usualAhead)
        )
    }

    /// Compares now and stores what it finds: one run a booking app that has a list; one of the PM and us alone where
    /// there is none. Safe to repeat: the same differences keep their findings. `now` is the business rules' clock. Of a
    /// window that somebody asked for (`isAdHoc`) the findings are stored, and it is no page's newest.
    package func run(
        practice id: String, from: Day, to: Day, now: Date, isAdHoc: Bool = false
    ) async throws -> [SchedulingRun] {
        let (definition, practice) = try await profile(id)
        let time = PracticeTime(zone: practice.zone)
        let asked = time.start(of: from)..<time.end(of: to)
        let began = ContinuousClock.now
        guard let clock = try await pool.query("SELECT clock_timestamp()").first?.decode(Date.self) else {
            throw ReconcileError.unknownPractice
        }
        let known = try await pool.query(ReconcileQueries.bookables(id)).map { row in
            let (id, kind, code, name, npi) = try row.decode((UUID, String, String, String, String).self)
            return Bookables.Known(id: id, kind: kind, code: code, name: name, npi: npi)
        }
        func rows(_ table: TableName) -> [CodeTable.Row] {
            definition.table(table).rows.filter { $0.practice == nil || $0.practice == id }
        }
        let context = ListContext(
            definition: definition, practice: practice, time: time,
            reach: asked.lowerBound.addingTimeInterval(
                -Self.margin)..<asked.upperBound.addingTimeInterval(Self.margin),
            clock: clock,
            bookables: Bookables(known, resources: rows(.resources), locations: rows(.locations)))
        let usual = Self.usualDays(of: practice, now: now)
        let isUndeclared = practice.reconcileAhead == nil && (from, to) == usual
        let apps = try await pool.query(ReconcileQueries.apps(id)).map { row in
            let (client, name, list, key) = try row.decode((UUID, String, String, String?).self)
            return (app: BookingApp(id: client, name: name), list: list, key: key)
        }
        return try await pool.withSession { session in
            try await ReconcileTables.prepare(session)
            let day = time.day(of: now)
            let pm = try await pmSide(context, day: day, session)
            var sides: [(app: BookingApp, side: Side)] = []
            for (index, (app, list, key)) in apps.enumerated() {
                let number = Int16(clamping: index + 1)
                sides.append((app, try await appSide(list, key: key, context, day: day, number, session)))
            }
            let last = isUndeclared && pm.list != nil ? try await horizon(of: day, time, session) : to
            let job = ReconcileJob(
                context: context, window: asked.lowerBound..<time.end(of: min(to, last)), from: from, to: min(to, last),
                isAdHoc: isAdHoc, lapsedBefore: min(from, usual.from), now: now, began: began, rules: rules, pm: pm,
                apps: sides, judgesAll: judgesAll)
            let runs = try await session.transaction { try await job.run(in: $0) }
            try await ReconcileTables.clear(session)
            return runs
        }
    }

    /// How much wider than the window the sides are read, so that what moved over its edge finds its match.
    private static let margin: TimeInterval = 14 * 86_400

    /// The usual window where the practice's file does not say: from so many days ago to so many ahead, but no further than
    /// the PM's list goes, which must reach a fortnight at least.
    private static let usualBack = 1
    private static let usualAhead = 60
    private static let leastAhead = 14

    /// The last day of which the PM's list speaks.
    private func horizon(of today: Day, _ time: PracticeTime, _ session: Session) async throws -> Day {
        let last =
            try await session.query("SELECT max(start_at) FROM pg_temp.listed WHERE side = 0").first?
            .decode(Date?.self) ?? nil
        return max(today.adding(days: Self.leastAhead), last.map(time.day) ?? today)
    }

    private func profile(_ id: String) async throws -> (definition: Definition, practice: PracticeProfile) {
        let definition = try await definitions.current()
        guard let practice = definition.practices[id] else { throw ReconcileError.unknownPractice }
        return (definition, practice)
    }

    // MARK: Sides

    private func pmSide(_ context: ListContext, day: Day, _ session: Session) async throws -> Side {
        switch context.practice.reconcilePM {
        case nil: .absent
        case .csv(let path):
            try await side(0, session) { () async throws(ListProblem) in
                let file = ListFile(path, folder: folder, day: day, isPM: true)
                return try await file.read(context, side: 0, in: session)
            }
        case .fhir(let url):
            try await side(0, session) { () async throws(ListProblem) in
                try await outbound.read(url, key: nil, context, side: 0, in: session)
            }
        }
    }

    private func appSide(
        _ list: String, key: String?, _ context: ListContext, day: Day, _ number: Int16, _ session: Session
    ) async throws -> Side {
        try await side(number, session) { () async throws(ListProblem) in
            if list.hasPrefix("http://") || list.hasPrefix("https://") {
                return try await outbound.read(list, key: key, context, side: number, in: session)
            }
            let file = ListFile(list, folder: folder, day: day, isPM: false)
            return try await file.read(context, side: number, in: session)
        }
    }

    /// Of a list that breaks off nothing stays. A fault of the database is none of the list's, and ends the run.
    private func side(
        _ number: Int16, _ session: Session, _ read: () async throws(ListProblem) -> ReadList
    ) async throws -> Side {
        do throws(ListProblem) {
            return .read(try await read())
        } catch {
            if let fault = error.database { throw fault }
            try await session.execute("DELETE FROM pg_temp.listed WHERE side = \(number)")
            return .unread(error)
        }
    }
}

package enum ReconcileError: Error, Equatable, Sendable {
    /// No practice of this id is in the definitions in force.
    case unknownPractice
}

/// A booking app whose list is compared.
package struct BookingApp: Hashable, Sendable {
    package let id: UUID
    package let name: String
}

/// One stored comparison, with whose list it was.
package struct SchedulingRun: Sendable {
    package let run: ReconciliationRun
    /// Nil where the practice has no booking app with a list.
    package let app: BookingApp?
    /// Why a list that there should be was not compared.
    package let pmProblem: ListProblem?
    package let appProblem: ListProblem?
    /// Rows of the lists that could not be read, when the others could.
    package let pmUnread: UnreadLines?
    package let appUnread: UnreadLines?
    package let timing: RunTiming
}

/// How long a run's steps took, in seconds. All but the last two are the job's, and the same for each of its runs.
package struct RunTiming: Hashable, Sendable {
    /// The lists, from their first byte into the database.
    package internal(set) var reading: Double = 0
    /// Which of our records their lines are.
    package internal(set) var matching: Double = 0
    /// Our record as lists speak of it.
    package internal(set) var records: Double = 0
    /// All lists against our record: where they are not alike.
    package internal(set) var doubting: Double = 0
    /// Who overbooks whom.
    package internal(set) var overbooking: Double = 0
    /// What is not alike, judged: counts, causes, findings.
    package internal(set) var judging: Double = 0
    /// The members of the counts.
    package internal(set) var keeping: Double = 0
}

/// A side's list before the comparison.
enum Side: Sendable {
    /// There is none to read.
    case absent
    case read(ReadList)
    case unread(ListProblem)

    var list: ReadList? {
        if case .read(let list) = self { list } else { nil }
    }

    var problem: ListProblem? {
        if case .unread(let problem) = self { problem } else { nil }
    }
}

/// The connections over which lists are read. Their addresses are the operator's own choice, so that they may be private.
struct OutboundLists: Sendable {
    private let outbound = Outbound(allowsPrivate: true)

    func read(
        _ base: String, key: String?, _ context: ListContext, side: Int16, in session: Session
    ) async throws(ListProblem) -> ReadList {
        let list = FHIRList(base: base, window: context.reach, key: key, by: outbound)
        return try await list.read(context, side: side, in: session)
    }

    func close() async { await outbound.close() }
}
