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

    /// The days that are compared unless somebody asks for others: yesterday to a fortnight ahead, by the practice's clock.
    package func usualDays(of practice: String, now: Date) async throws -> (from: Day, to: Day) {
        let today = PracticeTime(zone: try await profile(practice).practice.zone).day(of: now)
        return (today.adding(days: -1), today.adding(days: 14))
    }

    /// Compares now and stores what it finds: one run a booking app that has a list; one of the PM and us alone where
    /// there is none. Safe to repeat: the same differences keep their findings. `now` is the business rules' clock.
    package func run(practice id: String, from: Day, to: Day, now: Date) async throws -> [SchedulingRun] {
        let (definition, practice) = try await profile(id)
        let time = PracticeTime(zone: practice.zone)
        let window = time.start(of: from)..<time.end(of: to)
        let began = ContinuousClock.now
        guard let clock = try await pool.query("SELECT clock_timestamp()").first?.decode(Date.self) else {
            throw ReconcileError.unknownPractice
        }
        let known = try await pool.query(ReconcileQueries.bookables(id)).map { row in
            let (id, code, name, npi) = try row.decode((UUID, String, String, String).self)
            return (id: id, code: code, name: name, npi: npi)
        }
        let table = definition.table(.resources).rows.filter { $0.practice == nil || $0.practice == id }
        let context = ListContext(
            definition: definition, practice: practice, time: time,
            reach: window.lowerBound.addingTimeInterval(
                -Self.margin)..<window.upperBound.addingTimeInterval(Self.margin),
            clock: clock, bookables: Bookables(known, table: table))
        let pm = await pmSide(context, day: time.day(of: now))
        var apps: [(app: BookingApp, side: Side)] = []
        for row in try await pool.query(ReconcileQueries.apps(id)) {
            let (client, name, list, key) = try row.decode((UUID, String, String, String?).self)
            let side = await appSide(list, key: key, context, day: time.day(of: now))
            apps.append((BookingApp(id: client, name: name), side))
        }
        let job = ReconcileJob(
            context: context, window: window, from: from, to: to, now: now, began: began, rules: rules, pm: pm,
            apps: apps)
        return try await pool.transaction { try await job.run(in: $0) }
    }

    /// How much wider than the window the sides are read, so that what moved over its edge finds its match.
    private static let margin: TimeInterval = 14 * 86_400

    private func profile(_ id: String) async throws -> (definition: Definition, practice: PracticeProfile) {
        let definition = try await definitions.current()
        guard let practice = definition.practices[id] else { throw ReconcileError.unknownPractice }
        return (definition, practice)
    }

    // MARK: Sides

    private func pmSide(_ context: ListContext, day: Day) async -> Side {
        switch context.practice.reconcilePM {
        case nil: .absent
        case .csv(let path): read(ListFile(path, folder: folder, day: day, isPM: true), context)
        case .fhir(let url): await outbound.read(url, key: nil, context)
        }
    }

    private func appSide(_ list: String, key: String?, _ context: ListContext, day: Day) async -> Side {
        if list.hasPrefix("http://") || list.hasPrefix("https://") {
            return await outbound.read(list, key: key, context)
        }
        return read(ListFile(list, folder: folder, day: day, isPM: false), context)
    }

    private func read(_ file: ListFile, _ context: ListContext) -> Side {
        do throws(ListProblem) {
            return .read(try file.read(context))
        } catch {
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

    func read(_ base: String, key: String?, _ context: ListContext) async -> Side {
        do throws(ListProblem) {
            let list = FHIRList(base: base, window: context.reach, key: key, by: outbound)
            return .read(try await list.read(context))
        } catch {
            return .unread(error)
        }
    }

    func close() async { await outbound.close() }
}
