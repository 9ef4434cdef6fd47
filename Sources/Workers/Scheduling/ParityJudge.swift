import Foundation
import Hosting
import Logging
package import Postgres
import Practice
import Reconciliation
import Records
import ServiceLifecycle

/// Compares what taps heard with our notices in shadow, of one practice: whatever came first waits for the other, and
/// what comes late still finds its match. Safe to repeat.
package struct ParityPass: Sendable {
    package let practice: String
    /// Whether to look again at what was found to be theirs alone.
    package let includesLate: Bool

    private let rules = ParityRules()

    package init(practice: String, includesLate: Bool = true) {
        self.practice = practice
        self.includesLate = includesLate
    }

    /// The practices where anything was ever tapped.
    package static func practices(in pool: Pool) async throws -> [String] {
        try await pool.query(ParityQueries.practices()).map { try $0.decode(String.self) }
    }

    package func carryOut(in transaction: Transaction) async throws {
        _ = try await transaction.query(ParityQueries.lock(practice))
        guard let now = try await transaction.query("SELECT clock_timestamp()").first?.decode(Date.self) else { return }
        let open = try await transaction.query(
            ParityQueries.open(practice, since: now - rules.reach, includesLate: includesLate)
        ).map(OpenTapped.init(row:))
        for (subscription, open) in Dictionary(grouping: open, by: \.subscription).sorted(by: {
            $0.key.uuidString < $1.key.uuidString
        }) {
            try await judge(try await named(open, transaction), of: subscription, now, transaction)
        }
    }

    // MARK: Which record

    /// By its names in any numbering, for the replaced interface may call the numbering otherwise; else by person and
    /// start.
    private func named(_ open: [OpenTapped], _ transaction: Transaction) async throws -> [OpenTapped] {
        var named: [OpenTapped] = []
        for var one in open {
            if one.record == nil {
                let names = one.facts.names.filter { $0.kind != .visit }
                one.record = try await only(
                    ParityQueries.records(practice, kinds: names.map(\.kind.rawValue), values: names.map(\.value)),
                    transaction)
            }
            if one.record == nil, let start = one.facts.content.start {
                one.record = try await only(
                    ParityQueries.records(practice, start: start, persons: one.facts.content.person.sorted()),
                    transaction)
            }
            named.append(one)
        }
        return named
    }

    private func only(_ sql: SQL, _ transaction: Transaction) async throws -> UUID? {
        let found = try await transaction.query(sql).map { try $0.decode(UUID.self) }
        return found.count == 1 ? found[0] : nil
    }

    // MARK: Judging

    private func judge(
        _ open: [OpenTapped], of subscription: UUID, _ now: Date, _ transaction: Transaction
    ) async throws {
        let records = Array(Set(open.compactMap(\.record)))
        var shadowed: [Shadowed] = []
        let rows = try await transaction.query(
            ParityQueries.shadowed(practice, subscription, records, since: now - 2 * rules.reach))
        for row in rows {
            let (event, record, type, at, state, person) = try row.decode(
                (Int64, UUID, String, Date, String, [String]).self)
            guard let type = AppointmentChange(rawValue: type) else { continue }
            let content = TellingContent(try Appointments.state(json: state), person: Set(person))
            shadowed.append(Shadowed(event: event, record: record, type: type, at: at, content: content))
        }
        var stood: [Int64: TellingContent] = [:]
        for one in open where one.at <= now - rules.window {
            guard let record = one.record,
                let row = try await transaction.query(
                    ParityQueries.stood(practice, record, at: one.at + rules.window)
                ).first
            else { continue }
            let (state, person) = try row.decode((String, [String]).self)
            stood[one.id] = TellingContent(try Appointments.state(json: state), person: Set(person))
        }
        let tapped = open.map { one in
            Tapped(id: one.id, record: one.record, type: one.type, at: one.at, content: one.facts.content)
        }
        let verdicts = rules.judge(tapped, shadowed, now: now) { stood[$0.id] }
        let written = open.compactMap { one in
            verdicts[one.id].flatMap { verdict in
                one.verdict == verdict.word && one.record == one.recordBefore ? nil : (one, verdict)
            }
        }
        if written.isEmpty { return }
        try await transaction.execute(
            ParityQueries.settle(
                practice, ids: written.map(\.0.id), verdicts: written.map(\.1.word), records: written.map(\.0.record),
                events: written.map(\.1.event), differs: written.map(\.1.differs)))
    }
}

/// One that is not matched yet.
private struct OpenTapped {
    let id: Int64
    let subscription: UUID
    let type: AppointmentChange
    let at: Date
    let facts: TappedFacts
    let verdict: String
    let recordBefore: UUID?
    var record: UUID?

    init(row: Row) throws {
        let (id, subscription, type, at, said, record, verdict) = try row.decode(
            (Int64, UUID, String, Date, String, UUID?, String).self)
        self.id = id
        self.subscription = subscription
        self.type = AppointmentChange(rawValue: type) ?? .updated
        self.at = at
        facts = try TappedFacts(json: said)
        self.verdict = verdict
        self.record = record
        recordBefore = record
    }
}

extension ParityVerdict {
    fileprivate var word: String {
        switch self {
        case .waiting: "waiting"
        case .matched(_, let differs): differs.isEmpty ? "same" : "differs"
        case .nothingNew: "nothing-new"
        case .onlyTheirs: "only-theirs"
        }
    }

    fileprivate var event: Int64? {
        if case .matched(let event, _) = self { event } else { nil }
    }

    fileprivate var differs: String {
        if case .matched(_, let fields) = self { fields.map(\.rawValue).joined(separator: ",") } else { "" }
    }
}

/// Runs the comparison while the worker runs: what waits every two seconds, what was found to be theirs alone each minute.
struct ParityJudge: Service {
    let pool: Pool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var turn = 0
            while !Task.isCancelled {
                do {
                    for practice in try await ParityPass.practices(in: pool) {
                        let pass = ParityPass(practice: practice, includesLate: turn % 30 == 0)
                        try await pool.transaction { try await pass.carryOut(in: $0) }
                    }
                } catch  where Task.isCancelled {
                    return
                } catch {
                    logger.warning(
                        "What was tapped could not be compared.",
                        metadata: ["failure.code": "\(FailureCode.of(error))"])
                }
                turn += 1
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }
}
