import Foundation
import HL7
import Journal
import Logging
import Postgres
import Practice
import Records
import Synchronization
import TestSupport
import Testing
import Worker

@testable import Queue
@testable import Scheduling

/// What keeps a batch right while others commit, or while one of its own jobs is bad. Two workers are two sessions here;
/// who waits for whom is read from the server's locks.
@Suite(.timeLimit(.minutes(3))) struct BatchGuardTests {
    private typealias Patient = BatchMessage.Patient

    private static let ann = Patient(mrn: "M0", guid: "G0", name: "ALPHA^ANN")
    private static let ben = Patient(mrn: "M1", guid: "G1", name: "BETA^BEN")

    private static func message(_ filler: String, _ tell: (inout BatchMessage) -> Void = { _ in }) -> BatchProgram.Input
    {
        var message = BatchMessage()
        (message.filler, message.doctor, message.people) = (filler, "D1", [ann])
        tell(&message)
        return message.input
    }

    // MARK: Between the rounds

    /// The booking is committed after the first round of the other's batch has found its person, and before the second.
    @Test(arguments: [true, false])
    func `What another commit has booked meanwhile is found, of a person who is known and of a new one`(isKnown: Bool)
        async throws
    {
        let side = try await BatchSide()
        if isKnown { try await side.commit([Self.message("F9") { $0.start = 20 }]) }
        try await side.race(
            [Self.message("F1") { $0.at = 1 }],
            [Self.message("") { ($0.event, $0.word, $0.at) = ("S14", "KEPT", 5) }])
        let said = try await side.counts(
            """
            SELECT count(*) FROM records.appointment_event e JOIN records.appointment a ON a.id = e.appointment_id
            WHERE a.start_at < '2024-12-01 18:00Z' GROUP BY a.id
            """)
        #expect(said == [2])
        #expect(try await side.counts("SELECT count(*) FROM records.person") == [1])
    }

    /// Nothing but the appointment's number is common to the two.
    @Test func `A number that another commit has given meanwhile reruns the batch`() async throws {
        let side = try await BatchSide()
        let runs = try await side.race(
            [Self.message("F1")], [Self.message("F1") { ($0.event, $0.at, $0.people) = ("S14", 5, [Self.ben]) }])
        #expect(runs == 2)
        #expect(try await side.counts("SELECT count(*) FROM records.appointment_event GROUP BY appointment_id") == [2])
    }

    @Test func `A person who is merged meanwhile reruns the batch, which then speaks of the survivor`() async throws {
        let side = try await BatchSide()
        try await side.commit([
            Self.message("F1"), Self.message("F2") { ($0.at, $0.start, $0.people) = (1, 8, [Self.ben]) },
        ])
        let (loser, survivor) = (try await side.person("M0"), try await side.person("M1"))
        // Of whoever is Ben now; before the merge of Ann, who has nothing at that time.
        let later = Self.message("") { ($0.event, $0.word, $0.at, $0.start) = ("S14", "KEPT", 5, 8) }
        let runs = try await side.hold([loser, survivor], while: [later]) { transaction in
            try await transaction.execute("UPDATE records.person SET survivor = \(survivor) WHERE id = \(loser)")
        }
        #expect(runs == 2)
        let kept = try await side.owner.query(
            """
            SELECT l.value FROM records.appointment a JOIN records.appointment_alias l ON l.appointment_id = a.id
            WHERE a.status = 'arrived'
            """
        ).map { try $0.decode(String.self) }
        #expect(kept == ["F2"])
    }

    @Test func `A person who becomes known meanwhile reruns the batch`() async throws {
        let side = try await BatchSide()
        try await side.commit([Self.message("F1")])
        let ann = try await side.person("M0")
        let waits = Self.message("F1") { ($0.event, $0.word, $0.at) = ("S14", "KEPT", 5) }
        let new = Self.message("") { ($0.event, $0.word, $0.at, $0.start) = ("S14", "KEPT", 6, 8) }
        let ofBen = BatchProgram.Input(
            practice: new.practice,
            bytes: Array(
                String(decoding: new.bytes, as: UTF8.self).replacing("M0|G0|ALPHA^ANN", with: "M1|G1|BETA^BEN").utf8))
        let runs = try await side.hold([ann], while: [waits, ofBen]) { _ in
            try await side.commit([Self.message("F2") { ($0.at, $0.start, $0.people) = (1, 8, [Self.ben]) }])
        }
        #expect(runs == 2)
        #expect(try await side.counts("SELECT count(*) FROM records.appointment WHERE status = 'arrived'") == [2])
        #expect(try await side.counts("SELECT count(*) FROM records.person") == [2])
    }

    /// A person's command holds nobody: it reads, then writes on the revision that it read.
    @Test func `A batch whose appointment another commit has changed meanwhile is decided anew`() async throws {
        let side = try await BatchSide()
        try await side.commit([Self.message("F1")])
        let ann = try await side.person("M0")
        let runs = Mutex(0)
        let kept = try await side.make([Self.message("F1") { ($0.event, $0.word, $0.at) = ("S14", "KEPT", 5) }])
        while true {
            do {
                let run = runs.withLock { runs in
                    runs += 1
                    return runs
                }
                try await side.writing.transaction { transaction in
                    if run == 1 {
                        // Its slice is read before, and saved after, another commit.
                        var slice = try await SchedulingSlice.load(
                            try await side.owner.query("SELECT id FROM records.appointment").map {
                                try $0.decode(UUID.self)
                            }, practice: "left", in: transaction)
                        try await side.commit(kept)
                        let id = try #require(slice.appointments.records.keys.first)
                        var applied = SchedulingSlice.Applied()
                        slice.add(
                            AppointmentEvent(kind: .removed, at: Date()), to: id,
                            AppointmentSlice.Source(
                                practice: "left", enterprise: "house", day: CalendarDay(daysSince2000: 9000),
                                entry: nil,
                                definition: nil), &applied)
                        for part in WriteOrder.allCases { try await slice.save(part, in: transaction) }
                    }
                }
                break
            } catch let error as PostgresError where error == .missed {
                continue
            }
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(try await side.counts("SELECT count(*) FROM records.appointment WHERE status = 'arrived'") == [1])
        #expect(try await side.counts("SELECT version::bigint FROM records.appointment") == [2])
        _ = ann
    }

    // MARK: A job that is not done

    @Test func `A job that parks leaves no trace, and its neighbors are written`() async throws {
        let side = try await BatchSide()
        let stranger = Patient(mrn: "M9", guid: "G9", name: "OMEGA^OLA", birth: "19700101")
        let another = Patient(mrn: "M89", guid: "G89", name: "OMEGA^ORA")
        let result = try await side.commit([
            Self.message("F1"),
            Self.message("F9") { ($0.word, $0.doctor, $0.people) = ("NOSUCHWORD", "D9", [stranger]) },
            // Of a group the first could be recorded; the second has two appointments that may be meant.
            Self.message("F2") { ($0.start, $0.people) = (8, [Self.ben]) },
            Self.message("F3") { ($0.start, $0.people) = (12, [Self.ben]) },
            Self.message("") { ($0.event, $0.start, $0.doctor, $0.people) = ("S15", 30, "D8", [another, Self.ben]) },
            Self.message("F4") { ($0.at, $0.start) = (1, 16) },
        ])
        #expect(result.failed.map(\.setback.failure.code) == ["unmapped-status", "ambiguous-appointment"])
        #expect(result.finished.count == 4)
        #expect(try await side.counts("SELECT count(*) FROM records.person WHERE family = 'OMEGA'") == [0])
        #expect(try await side.counts("SELECT count(*) FROM records.person_alias WHERE value LIKE '%9'") == [0])
        #expect(try await side.counts("SELECT count(*) FROM records.resource WHERE code IN ('D8', 'D9')") == [0])
        #expect(try await side.counts("SELECT count(*) FROM records.appointment") == [4])
        #expect(try await side.counts("SELECT count(*) FROM records.change") == [4])
        #expect(try await side.counts("SELECT count(*) FROM journal.outcome") == [4])
        #expect(try await side.counts("SELECT count(*) FROM workflow.unmapped") == [1])
    }

    @Test(arguments: ["22003", "23514"])
    func `A batch is halved around the one job that the database refuses, and all others keep their order`(
        state: String
    ) async throws {
        let side = try await BatchSide()
        try await side.owner.withSession { session in
            try await session.script(
                """
                CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '\(state)'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON records.appointment_alias FOR EACH ROW WHEN (NEW.value = 'BAD')
                EXECUTE FUNCTION public.refuse();
                """)
        }
        let inputs = [
            Self.message("F1"),
            Self.message("BAD") { ($0.start, $0.people) = (4, [Self.ben]) },
            Self.message("F1") { ($0.event, $0.at, $0.word) = ("S14", 1, "KEPT") },
            Self.message("F5") { ($0.at, $0.start, $0.people) = (2, 8, [Self.ben]) },
            Self.message("F6") { ($0.start, $0.people) = (12, [Patient(mrn: "M6", guid: "G6", name: "PHI^PAT")]) },
            Self.message("F1") { ($0.event, $0.at, $0.word) = ("S15", 3, "") },
        ]
        let told: SQL = "SELECT type FROM records.change ORDER BY number"
        try await side.working(inputs) {
            try await side.until("four are done and two wait") {
                try await side.counts(
                    """
                    SELECT (SELECT count(*) FROM journal.outcome) UNION ALL
                    SELECT count(*) FROM queue.blocked WHERE queue = \(side.queue)
                    """) == [4, 2]
            }
            let blocked = try await ListedJob.list(JobFilter(queue: SchedulingJobs.queue), from: side.owner)
            let isRetried = state == "23514"
            #expect(blocked.map(\.state) == [isRetried ? "retrying" : "parked", "waiting"])
            #expect(blocked.map(\.code).first == (isRetried ? "constraint" : "database-refused"))
            #expect(
                try await side.texts(told) == [
                    "appointment.booked", "appointment.updated", "appointment.booked", "appointment.cancelled",
                ])
            // Mended, it goes on with what it held.
            try await side.owner.execute("DROP TRIGGER refuse ON records.appointment_alias")
            let parked = blocked.filter { $0.state == "parked" }.map(\.id)
            try await side.owner.transaction { _ = try await BlockedJobs.replay(parked, in: $0) }
            try await side.until("all are done") {
                try await side.counts("SELECT count(*) FROM journal.outcome") == [6]
            }
        }
        #expect(try await side.texts(told).suffix(2) == ["appointment.booked", "appointment.booked"])
        let order = try await side.texts(
            "SELECT l.value FROM records.change c JOIN records.appointment_alias l ON l.appointment_id = c.record_id ORDER BY c.number"
        )
        #expect(order.suffix(2) == ["BAD", "F5"])
    }

    // MARK: The last places

    /// A practitioner who takes three at a time: nothing else that a booking writes would make two workers wait for each
    /// other, as the room's row of the table does.
    @Test func `Two workers sell the last two places of a resource at once, and its slot is busy`() async throws {
        let side = try await BatchSide()
        let places = (0..<3).map { place in
            Self.message("F\(place)") {
                $0.people = [Patient(mrn: "M\(place)", guid: "G\(place)", name: "ALPHA^ANN")]
            }
        }
        try await side.commit([places[0]])
        try await side.owner.execute("UPDATE records.resource SET capacity = 3")
        try await side.owner.execute("UPDATE records.slot SET status = 'free'")
        try await side.race([places[1]], [places[2]])
        #expect(try await side.texts("SELECT status FROM records.slot") == ["busy"])
    }
}

extension BatchSide {
    func make(_ inputs: [BatchProgram.Input]) async throws -> JobBatch {
        let entries = try await record(inputs)
        let jobs = try zip(inputs, entries).enumerated().map { place, one in
            (id: Int64(place + 1), job: try job(one.0, one.1))
        }
        return JobBatch(jobs: try await make(jobs, isTriedAgain: false), held: [], retry: .local)
    }

    @discardableResult
    func commit(_ inputs: [BatchProgram.Input]) async throws -> BatchResult { try await commit(try await make(inputs)) }

    /// As the consumer does: a batch that another commit forestalled is decided anew. How often it ran.
    private func repeating(_ batch: JobBatch) async throws -> Int {
        var runs = 0
        while true {
            runs += 1
            do {
                let result = try await commit(batch)
                #expect(result.finished.count == batch.jobs.count)
                return runs
            } catch let error as PostgresError where error == .missed && runs < 5 {
                continue
            }
        }
    }

    /// One worker has written the first, and commits it once the other, with the second, waits for it or is done. How often
    /// the second ran.
    @discardableResult
    func race(_ first: [BatchProgram.Input], _ second: [BatchProgram.Input]) async throws -> Int {
        let (one, other) = (try await make(first), try await make(second))
        let second = Second()
        let (written, mark) = AsyncStream.makeStream(of: Void.self)
        async let committed = commit(one) {
            mark.finish()
            try await self.until("the other waits or is done") { try await self.waitsOrIsDone(second) }
        }
        for await _ in written {}
        async let runs = second.run { try await self.repeating(other) }
        _ = try await committed
        return try await runs
    }

    /// Somebody else holds these persons while a worker begins its batch; once that waits, or is done, `meanwhile` is
    /// committed. How often the batch ran.
    func hold(
        _ persons: [UUID], while inputs: [BatchProgram.Input],
        _ meanwhile: @Sendable (Transaction) async throws -> Void
    ) async throws -> Int {
        let batch = try await make(inputs)
        let second = Second()
        let (held, mark) = AsyncStream.makeStream(of: Void.self)
        async let committed: Void = owner.transaction { transaction in
            for person in persons {
                _ = try await transaction.query(
                    "SELECT pg_advisory_xact_lock(hashtextextended(\(person)::text, 9))::text")
            }
            mark.finish()
            try await self.until("the batch waits or is done") { try await self.waitsOrIsDone(second) }
            try await meanwhile(transaction)
        }
        for await _ in held {}
        async let runs = second.run { try await self.repeating(batch) }
        try await committed
        return try await runs
    }

    /// The work that comes second, and whether it is done.
    private final class Second: Sendable {
        let isDone = Mutex(false)

        func run(_ body: @Sendable () async throws -> Int) async throws -> Int {
            defer { isDone.withLock { $0 = true } }
            return try await body()
        }
    }

    private func waitsOrIsDone(_ second: Second) async throws -> Bool {
        if second.isDone.withLock({ $0 }) { return true }
        return try await isSomebodyWaiting()
    }

    private func isSomebodyWaiting() async throws -> Bool {
        try await counts(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """) != [0]
    }

    /// With a worker at work on these, which wait in the queue when it comes.
    func working(_ inputs: [BatchProgram.Input], _ body: @Sendable () async throws -> Void) async throws {
        let entries = try await record(inputs)
        let jobs = try zip(inputs, entries).map { try job($0, $1) }
        let queue = queue
        try await owner.transaction { try await NewJob.enqueue(jobs, into: queue, in: $0) }
        let configuration = try database.configuration(role: "pmsync_scheduling")
        let work = self.jobs
        let crew = Crew(
            .init(name: "test", version: "test", poll: .milliseconds(50)),
            duties: [
                Duty(
                    .named(SchedulingJobs.queue), onFailure: SchedulingJobs.note,
                    work: .batches { try await work.batch($0, $1) })
            ], configuration: configuration, pool: Pool(configuration, size: 4), doorbell: Doorbell(configuration),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        async let run: Void = crew.run()
        defer { crew.stop() }
        try await body()
        crew.stop()
        try await run
    }

    func person(_ mrn: String) async throws -> UUID {
        let row = try await owner.query("SELECT person_id FROM records.person_alias WHERE value = \(mrn)").first
        return try #require(row).decode(UUID.self)
    }

    func counts(_ sql: SQL) async throws -> [Int64] { try await owner.query(sql).map { try $0.decode(Int64.self) } }
    func texts(_ sql: SQL) async throws -> [String] { try await owner.query(sql).map { try $0.decode(String.self) } }

    func until(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !isSo() {
            if ContinuousClock.now > deadline {
                Issue.record("never: \(what)")
                return
            }
            _ = try await owner.query("SELECT pg_sleep(0.01)::text")
        }
    }
}
