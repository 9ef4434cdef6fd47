import Crypto
import Destination
import Foundation
import Hosting
import Postgres
import Queue
import Records
import ServiceLifecycle
import TestSupport
import Testing
import Workflow

@testable import Scheduling
@testable import Worker

/// Fan-out and delivery at work in this process, with a booking app that a test plays.
private struct Sending: Sendable {
    let clinic: Clinic
    let worker: Worker

    private struct Player: NoticeSender {
        let answer: @Sendable (Notice, Webhook) throws(DeliveryFailure) -> Receipt

        func send(_ notice: Notice, to webhook: Webhook) async throws(DeliveryFailure) -> Receipt {
            try answer(notice, webhook)
        }
    }

    init(_ clinic: Clinic) async throws {
        self.clinic = clinic
        let settings = try Settings(environment: ["PMSYNC_DATABASE_URL": clinic.database.url, "PMSYNC_POOL_SIZE": "1"])
        let program = Program(name: "scheduling", settings: settings, output: { _ in }, handlesSignals: false)
        worker = try await Worker(program, role: "pmsync_scheduling")
    }

    /// On record and to be told of, in this order.
    func change(_ changes: [NewChange]) async throws {
        let queue = try await QueueName.find(FanOut.queue, from: clinic.pool).id
        try await clinic.pool.transaction { transaction in
            try await NewChange.append(changes, practice: Clinic.id, in: transaction)
            let job = FanOut(secret: worker.secret).job(for: Clinic.id)
            try await NewJob.enqueue([job], into: queue, in: transaction)
        }
    }

    /// Works until no job waits.
    func run(
        _ answer: @escaping @Sendable (Notice, Webhook) throws(DeliveryFailure) -> Receipt = { _, _ in
            Receipt(status: 204)
        }
    ) async throws {
        let fanOut = FanOut(secret: worker.secret)
        let crew = worker.crew([
            fanOut.duty(),
            Notices(worker, sender: Player(answer: answer)).duty(),
        ])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crew.run() }
            while try await clinic.count("SELECT count(*) FROM queue.job") > 0 {
                _ = try await clinic.pool.query("SELECT pg_sleep(0.02)::text")
            }
            group.cancelAll()
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct SendingTests {
    @Test
    func
        `each of two subscribers hears every change under its own numbers, and what it acknowledged is known by a digest`()
        async throws
    {
        let clinic = try await Clinic()
        let sending = try await Sending(clinic)
        let apps = [try await clinic.addApp("one", list: nil), try await clinic.addApp("two", list: nil)]
        var records: [UUID] = []
        for number in 0..<3 {
            records.append(try await clinic.book("F\(number)", mrn: "M", start: clinic.at(2 + number, 9)))
        }
        try await sending.change(
            records.map { NewChange(type: "appointment.booked", recordKind: "appointment", record: $0, version: 1) })
        let heard = Noted<Notice>()
        try await sending.run { notice, _ in
            heard.note(notice)
            return Receipt(status: 202)
        }
        let bodies = Dictionary(uniqueKeysWithValues: heard.all.map { ($0.id, $0.body) })
        #expect(bodies.count == 6)
        for app in apps {
            let rows = try await clinic.pool.query(
                """
                SELECT event_number, record_id, id, digest FROM api.delivery
                WHERE subscription_id = \(app.subscription) AND state = 'delivered' AND status = 202 AND attempts = 1
                ORDER BY event_number
                """)
            let delivered = try rows.map { try $0.decode((Int64, UUID, UUID, [UInt8]).self) }
            #expect(delivered.map(\.0) == [1, 2, 3] && delivered.map(\.1) == records)
            for (_, _, id, digest) in delivered { #expect(bodies[id].map { Array(SHA256.hash(data: $0)) } == digest) }
        }
        #expect(try await clinic.count("SELECT count(*) FROM journal.entry WHERE direction = 'out'") == 0)
        #expect(try await clinic.count("SELECT min(last_event) FROM api.subscription") == 3)
        #expect(try await clinic.count("SELECT last_change FROM records.fan_out") == 3)
    }

    @Test
    func `a subscriber in shadow is numbered and not called, and one whose subscription ended leaves nothing pending`()
        async throws
    {
        let clinic = try await Clinic()
        let sending = try await Sending(clinic)
        let shadow = try await clinic.addApp("shadow", list: nil)
        let ended = try await clinic.addApp("ended", list: nil)
        try await clinic.pool.execute("UPDATE api.subscription SET mode = 'shadow' WHERE id = \(shadow.subscription)")
        let record = try await clinic.book("F1", mrn: "M1", start: clinic.at(2, 9))
        try await sending.change([
            NewChange(type: "appointment.booked", recordKind: "appointment", record: record, version: 1)
        ])
        let heard = Noted<UUID>()
        // It ends between the fan-out and the call.
        try await clinic.pool.execute(
            """
            CREATE FUNCTION public.end_it() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE api.subscription SET ended_at = clock_timestamp() WHERE id = NEW.subscription_id AND mode = 'live';
                RETURN NULL;
            END $$
            """)
        try await clinic.pool.execute(
            "CREATE TRIGGER end_it AFTER INSERT ON api.delivery FOR EACH ROW EXECUTE FUNCTION public.end_it()")
        try await sending.run { notice, _ in
            heard.note(notice.id)
            return Receipt(status: 204)
        }
        #expect(heard.all.isEmpty)
        let states = try await clinic.pool.query(
            "SELECT subscription_id, state, digest IS NULL FROM api.delivery"
        ).map { try $0.decode((UUID, String, Bool).self) }
        #expect(
            Set(states.map { "\($0.0) \($0.1) \($0.2)" }) == [
                "\(shadow.subscription) shadow true", "\(ended.subscription) discarded true",
            ])
    }

    @Test(arguments: [
        ("appointment", "zztest-is-booked"), ("appointment", "name-Ann"), ("day", "ZZTEST-away"),
        ("slot", "unknown-slot"),
        ("person", "unknown-kind"),
    ])
    func `an app's word that may name a patient is not kept, whatever record the notice is about`(
        kind: String, said: String
    ) async throws {
        #expect(try await answers(kind: kind, said: [said]) == [nil])
    }

    @Test(arguments: ["appointment", "day"])
    func `an app's word that names none of the patients concerned is kept`(kind: String) async throws {
        #expect(try await answers(kind: kind, said: ["slot-taken", "annual"]) == ["slot-taken", nil])
    }

    /// What is kept of what an app said when it refused a notice each time it was asked.
    private func answers(kind: String, said words: [String]) async throws -> [String?] {
        let clinic = try await Clinic("answers\(kind)\(words[0])")
        let sending = try await Sending(clinic)
        _ = try await clinic.addApp("app", list: nil)
        let booked = [
            try await clinic.book("F1", mrn: "M1", start: clinic.at(2, 9)),
            try await clinic.book("F2", mrn: "M2", start: clinic.at(2, 10)),
        ]
        var record = booked[0]
        if kind == "day" {
            record = UUID()
            try await clinic.pool.execute(
                """
                INSERT INTO records.day_event (practice_id, id, kind, resource_id, day, members, first_at, last_at)
                SELECT \(Clinic.id), \(record), 'day.cancelled', r.id, current_date, \(booked), now(), now()
                FROM records.resource r WHERE r.practice_id = \(Clinic.id) LIMIT 1
                """)
        }
        try await sending.change(
            words.indices.map {
                NewChange(type: "\(kind).told", recordKind: kind, record: record, version: Int32($0) + 1)
            })
        try await sending.run { notice, _ throws(DeliveryFailure) in
            throw .refused(status: 422, said: words[Int(notice.version) - 1])
        }
        return try await clinic.pool.query("SELECT answer FROM api.delivery WHERE status = 422 ORDER BY event_number")
            .map { try $0.decode(String?.self) }
    }

    @Test func `a job may ask for the definition though its transaction holds the only session of the pool`()
        async throws
    {
        let clinic = try await Clinic()
        let worker = try await Sending(clinic).worker
        try await worker.pool.transaction { transaction in
            try await transaction.query("SELECT 1")
            let definition = try await worker.definitions.current(isFresh: true)
            #expect(definition.practices[Clinic.id] != nil)
        }
        try await Desk.open(clinic, now: nil, settings: ["PMSYNC_POOL_SIZE": "1"]) { desk in
            try await desk.send(
                Array("MSH|^~\\&|CLINICPM||||20260101||SIU^S12|1|P|2.3\r".utf8), feed: "clinic-pm",
                practice: Clinic.id, key: "a")
            try await desk.settled()
        }
        #expect(try await clinic.count("SELECT count(*) FROM queue.job") == 0)
        #expect(try await clinic.count("SELECT count(*) FROM queue.blocked WHERE code LIKE 'database%'") == 0)
    }

    // MARK: Plans

    /// As on a database in its first second: nothing is known of any table, and all are empty.
    private func plan(_ sql: SQL, _ plans: Configuration.Plans) async throws -> String {
        let clinic = try await Clinic()
        var configuration = try clinic.database.configuration()
        configuration.plans = plans
        let pool = Pool(configuration, size: 1)
        defer { pool.close() }
        return try await pool.transaction { transaction in
            if case .once = plans { try await transaction.planByKey() }
            return try await transaction.query("EXPLAIN \(fragment: sql)").map { try $0.decode(String.self) }
                .joined(separator: "\n")
        }
    }

    private static let keys: [NoticeQueries.Key] = (1...10).map { ("clinic", UUID(), $0) }

    @Test
    func
        `a delivery is read and its receipt written by its whole key, though the table was empty when that was planned`()
        async throws
    {
        let numbers = Self.keys.map { Int32($0.event) }
        for sql in [
            NoticeQueries.pending(Self.keys), NoticeQueries.discarded(Self.keys),
            NoticeQueries.delivered(
                Self.keys, statuses: numbers, attempts: numbers,
                digests: numbers.map { _ in [UInt8](repeating: 1, count: 32) }),
            NoticeQueries.failed(Self.keys[0], status: 500, said: nil),
        ] {
            let plan = try await plan(sql, .onceByKey)
            #expect(plan.contains("Index Scan using delivery_pkey"), "\(plan)")
            #expect(!plan.contains("Seq Scan") && !plan.contains("delivery_by_record"), "\(plan)")
        }
    }

    @Test
    func
        `a fan-out finds changes and what they are of by whole keys, though the tables were empty when that was planned`()
        async throws
    {
        let plan = try await plan(FanOutQueries.unheard("clinic", limit: 500), .once)
        for index in ["change_pkey", "appointment_pkey", "slot_pkey", "fan_out_pkey"] {
            #expect(plan.contains("using \(index)"), "\(plan)")
        }
        #expect(!plan.contains("Seq Scan") && !plan.contains("appointment_by"), "\(plan)")
    }
}
