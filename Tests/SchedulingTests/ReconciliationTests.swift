import Foundation
import Hosting
import Journal
import Postgres
import Practice
import Queue
import Reconciliation
import ServiceLifecycle
import TestSupport
import Testing
import Worker

@testable import Scheduling

/// Lists, records and evidence in a real database, with a real FHIR server: what is found, stored and mended.
@Suite(.timeLimit(.minutes(2))) struct ReconciliationTests {
    /// Three appointments that PM, record and app agree on.
    private struct Agreed {
        let clinic: Clinic
        let list: AppList
        let app: Clinic.App
        var lines: [Clinic.Line]
        let records: [UUID]

        init(_ list: AppList, at base: String, _ test: String = #function) async throws {
            clinic = try await Clinic(test)
            self.list = list
            app = try await clinic.addApp("app", list: base)
            var lines: [Clinic.Line] = []
            var records: [UUID] = []
            for index in 0..<3 {
                let line = Clinic.Line(id: "F\(index)", start: clinic.at(1, 9 + Double(index)), mrn: "M\(index)")
                records.append(try await clinic.book(line.id, mrn: line.mrn, start: line.start))
                lines.append(line)
            }
            (self.lines, self.records) = (lines, records)
            for record in records { try await clinic.tell(app, of: record, "delivered", status: 204) }
            list.keep(zip(records, lines).map { .init(id: $0.uuidString.lowercased(), start: $1.start) })
            try clinic.exportPM(lines)
        }
    }

    private static func with(
        _ test: String = #function, _ body: @escaping @Sendable (Agreed) async throws -> Void
    ) async throws {
        let list = AppList()
        try await list.serving { base in
            let agreed = try await Agreed(list, at: base, test)
            let ended = await Result { try await body(agreed) }
            await agreed.clinic.reconciliation.close()
            try ended.get()
        }
    }

    @Test func whatThePMNeverSentIsFoundThoughRecordAndAppAgree() async throws {
        try await Self.with { world in
            #expect(try await world.clinic.reconcile().map(\.run.counts.matched) == [3])
            #expect(try await world.clinic.open() == [])
            #expect(world.list.keys == ["Bearer list-key"])
            let unsent = Clinic.Line(id: "F9", start: world.clinic.at(2, 10), mrn: "M0")
            try world.clinic.exportPM(world.lines + [unsent])
            // Its message may still be on its way: nobody is accused of that yet.
            #expect(try await world.clinic.reconcile().map(\.run.counts.open) == [0])
            let run = try #require(try await world.clinic.reconcile(now: Date() + 400).first)
            #expect(run.app?.name == "app" && run.run.counts.open == 1 && run.run.counts.matched == 3)
            #expect(try await world.clinic.open() == [.init(.missingHere, .neverSent)])
            let row = try #require(
                try await world.clinic.pool.query(
                    "SELECT act, day, watermark IS NOT NULL, sides->'pm'->0->>'reference' FROM reconciliation.finding"
                ).first)
            let (act, day, hasWatermark, reference) = try row.decode((String, CalendarDay, Bool, String).self)
            #expect(act == Act.resendFromPM.rawValue && hasWatermark && reference == "F9")
            #expect(Day(day) == world.clinic.today.adding(days: 2))
        }
    }

    @Test func whatAnAppForgotOrMovedOrDoubledIsFoundAgainstItWithTheCause() async throws {
        try await Self.with { world in
            let clinic = world.clinic
            world.list.forget(world.records[0])
            world.list.change(world.records[1]) { kept in
                kept.start += 1800
                kept.changedAt = Date() - 600
            }
            let person = try await clinic.pool.query(
                "SELECT person_id FROM records.appointment WHERE id = \(world.records[2])"
            ).first?.decode(UUID.self)
            let forgotten = AppList.Kept(
                id: world.records[1].uuidString.lowercased(), start: world.lines[1].start + 1800)
            world.list.keep([
                forgotten, .init(id: world.records[2].uuidString.lowercased(), start: world.lines[2].start),
                .init(id: "own-77", start: world.lines[2].start, patient: person?.uuidString.lowercased()),
            ])
            try await clinic.reconcile()
            #expect(
                Set(try await clinic.open()) == [
                    .init(.missingInApp, .overwrittenThere, world.records[0], client: world.app.client),
                    .init(.timeDiffers, .overwrittenThere, world.records[1], client: world.app.client),
                    .init(.duplicateInApp, .madeThere, world.records[2], client: world.app.client),
                ])
        }
    }

    @Test func aRefusalIsTheAppsAndANoticeThatWaitsForAPersonIsNot() async throws {
        try await Self.with { world in
            let clinic = world.clinic
            try await clinic.pool.execute("DELETE FROM api.delivery")
            world.list.keep([.init(id: world.records[2].uuidString.lowercased(), start: world.lines[2].start)])
            try await clinic.tell(world.app, of: world.records[0], "pending", status: 422)
            try await clinic.tell(world.app, of: world.records[1], "pending", attempts: 5)
            try await clinic.tell(world.app, of: world.records[2], "delivered")
            try await clinic.reconcile()
            #expect(
                Set(try await clinic.open()) == [
                    .init(.missingInApp, .refused, world.records[0], client: world.app.client),
                    .init(.missingInApp, .parked, world.records[1], client: world.app.client),
                ])
        }
    }

    @Test func aMessageThatIsParkedOrWasLetGoIsNotBlamedOnThePM() async throws {
        let clinic = try await Clinic()
        let queue = try await QueueName.find("scheduling", from: clinic.pool).id
        func siu(_ id: String) -> String {
            "MSH|^~\\&|CLINICPM||||20260101||SIU^S12|\(id)|P|2.3\rSCH||\(id)\rPID|||M7\r"
        }
        let parked = try await clinic.hear(siu("F1"))
        try await clinic.block(queue: queue, kind: "message", code: "unmapped-status", entry: parked)
        let letGo = try await clinic.hear(siu("F2"))
        try await clinic.pool.transaction {
            try await Outcome(entry: letGo, workflow: "scheduling", definition: nil, code: "discarded").record(in: $0)
        }
        let waiting = try await clinic.hear(siu("F3"))
        let secret = try await KeySecret.read(from: clinic.pool)
        try await clinic.pool.transaction {
            let job = NewJob(
                kind: "message", key: JobKey("k", secret: secret), practice: Clinic.id, day: waiting.day,
                entry: waiting.number)
            try await NewJob.enqueue([job], into: queue, in: $0)
        }
        let changed = try await clinic.book("F4", mrn: "M4", start: clinic.at(1, 15))
        let word = try await clinic.hear(siu("F4"))
        try await clinic.block(queue: queue, kind: "message", code: "unmapped-status", entry: word)
        try clinic.exportPM(
            [
                .init(id: "F1", start: clinic.at(1, 9), mrn: "M1"), .init(id: "F2", start: clinic.at(1, 10), mrn: "M2"),
                .init(id: "F3", start: clinic.at(1, 11), mrn: "M3"),
                .init(id: "F4", start: clinic.at(1, 15), mrn: "M4", status: "TXT CONFIRMED"),
            ])
        let run = try #require(try await clinic.reconcile().first)
        #expect(
            Set(try await clinic.open()) == [
                .init(.missingHere, .receivedAndUnmapped), .init(.missingHere, .letGo),
                .init(.statusDiffers, .receivedAndUnmapped, changed),
            ])
        #expect(run.run.counts.explanations["in-flight"] == 1 && run.app == nil)
        let entry = try await clinic.count(
            "SELECT entry_id FROM reconciliation.finding WHERE cause = 'received-and-unmapped' AND code = 'missing-here'"
        )
        #expect(entry == parked.number)
    }

    @Test func `However much was discarded since, here or elsewhere, a discarded message is not blamed on the PM`()
        async throws
    {
        let clinic = try await Clinic()
        let letGo = try await clinic.hear("MSH|^~\\&|CLINICPM||||20260101||SIU^S12|F1|P|2.3\rSCH||F1\rPID|||M7\r")
        try await clinic.pool.execute(
            """
            INSERT INTO journal.outcome (received_on, entry_id, workflow, code, at)
            VALUES (\(letGo.day), \(letGo.number), 'scheduling', 'discarded', clock_timestamp() - interval '40 days')
            """)
        try await clinic.pool.execute(
            """
            WITH entry AS (
                INSERT INTO journal.entry (received_on, feed, practice_id, peer, control_id, message_type, digest, payload)
                SELECT \(letGo.day), 'elsewhere', 'elsewhere', 'test', 'E' || n, 'SIU^S12', sha256('x'), 'x'
                FROM generate_series(1, \(UnfinishedMessages.limit)) n
                RETURNING received_on, id
            )
            INSERT INTO journal.outcome (received_on, entry_id, workflow, code)
            SELECT received_on, id, 'scheduling', 'discarded' FROM entry
            """)
        try clinic.exportPM([.init(id: "F1", start: clinic.at(1, 9), mrn: "M1")])
        try await clinic.reconcile()
        #expect(try await clinic.open() == [.init(.missingHere, .letGo)])
        // More than can be read: then nothing tells whose fault it is.
        try await clinic.pool.execute(
            "UPDATE journal.entry SET practice_id = \(Clinic.id) WHERE practice_id = 'elsewhere'")
        try await clinic.reconcile()
        #expect(try await clinic.open() == [.init(.missingHere, .unknown)])
    }

    @Test func aRerunFindsTheSameAndWhatIsMendedClosesAndWhatComesBackOpensAgain() async throws {
        try await Self.with { world in
            let clinic = world.clinic
            let gone = world.records[0]
            world.list.forget(gone)
            let first = Date()
            try await clinic.reconcile(now: first)
            try await clinic.reconcile(now: first + 60)
            let rows = try await clinic.pool.query(
                "SELECT first_seen_at, last_seen_at FROM reconciliation.finding"
            ).map { try $0.decode((Date, Date).self) }
            #expect(rows.count == 1)
            #expect(abs(rows[0].0.timeIntervalSince(first)) < 0.001 && rows[0].1 > first + 59)
            #expect(try await clinic.count("SELECT count(*) FROM reconciliation.run") == 2)

            world.list.keep(
                zip(world.records, world.lines).map { .init(id: $0.uuidString.lowercased(), start: $1.start) })
            try await clinic.reconcile(now: first + 120)
            #expect(try await clinic.open() == [])
            world.list.forget(gone)
            try await clinic.reconcile(now: first + 180)
            #expect(try await clinic.open().count == 1)
            let kept = try await clinic.pool.query("SELECT first_seen_at FROM reconciliation.finding").map {
                try $0.decode(Date.self)
            }
            #expect(kept.count == 1 && abs(kept[0].timeIntervalSince(first)) < 0.001)
        }
    }

    @Test(arguments: ["", "appointment_id,status,start,end,mrn\n", "appointment_id,status,start,mrn\nF0,BOOKED\n"])
    func aListThatCannotBeReadIsSaidAndAccusesNobodyAndClosesNothing(text: String) async throws {
        try await Self.with("unreadable\(text.count)") { world in
            let clinic = world.clinic
            try clinic.exportPM(world.lines + [.init(id: "F9", start: clinic.at(2, 9), mrn: "M9")])
            world.list.forget(world.records[0])
            try await clinic.reconcile()
            let before = try await clinic.open()
            #expect(before.count == 2)

            try text.writeExport(to: clinic.folder + "/pm.csv")
            world.list.isDown(true)
            let run = try #require(try await clinic.reconcile().first)
            #expect(run.pmProblem != nil && run.appProblem?.code == "list-refused")
            #expect(try await clinic.open() == before)
            let said = try await clinic.count(
                "SELECT count(*) FROM reconciliation.run WHERE sources ? 'pmProblem' AND sources ? 'appProblem'")
            #expect(said == 1)
            #expect(run.run.watermarks.pm == nil && run.run.watermarks.app == nil)
            try FileManager.default.removeItem(atPath: clinic.folder + "/pm.csv")
            #expect(try await clinic.reconcile().first?.pmProblem?.code == "list-missing")

            world.list.isDown(false)
            try clinic.exportPM(world.lines)
            try await clinic.reconcile()
            #expect(try await clinic.open().map(\.code) == ["missing-in-app"])
        }
    }

    @Test func aResendReachesTheFindingsAppAndNoOther() async throws {
        try await Self.with { world in
            let clinic = world.clinic
            let other = try await clinic.addApp("other", list: nil)
            world.list.forget(world.records[0])
            try await clinic.reconcile()
            let key = try #require(
                try await clinic.pool.query("SELECT key FROM reconciliation.finding").first?.decode(String.self))
            let listener = Listener(try clinic.database.configuration(), channels: [Doorbell.channel])
            let program = Program(
                name: "scheduling", settings: try Settings(environment: ["PMSYNC_DATABASE_URL": clinic.database.url]),
                output: { _ in }, handlesSignals: false)
            let worker = try await Worker(program, role: "pmsync_scheduling")
            let jobs = try await SchedulingJobs(worker)
            let fanOut = FanOut(secret: worker.secret)
            let crew = worker.crew([
                Duty(.named(SchedulingJobs.queue), work: .batches { try await jobs.batch($0, $1) }),
                fanOut.duty(),
            ])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await listener.run() }
                var heard = listener.notifications.makeAsyncIterator()
                #expect(await heard.next() == .reconnected)
                group.addTask { try await crew.run() }
                let console = try clinic.database.pool(role: "pmsync_operator")
                let mending = try await Mending(pool: console)
                let subject = Mending.Subject(practice: Clinic.id, key: key)
                let answer = try await console.transaction {
                    try await mending.resend(subject, by: "ann", reason: "they lost it", in: $0)
                }
                #expect(answer == .asked)
                let bell = Doorbell(try clinic.database.configuration())
                await bell.ring([Mending.queue])
                await bell.close()
                while let next = await heard.next(),
                    next != .heard(channel: Doorbell.channel, payload: world.app.queueName)
                {}
                group.cancelAll()
            }
            let told = try await clinic.pool.query(
                "SELECT subscription_id, record_id FROM api.delivery WHERE type = 'appointment.resync'"
            ).map { try $0.decode((UUID, UUID).self) }
            #expect(told.map(\.0) == [world.app.subscription] && told.map(\.1) == [world.records[0]])
            #expect(!told.contains { $0.0 == other.subscription })
            #expect(try await clinic.count("SELECT count(*) FROM reconciliation.finding_act WHERE act = 'resend'") == 1)
        }
    }

    @Test func aResendIsNotAskedForWhereItMendsNothing() async throws {
        let clinic = try await Clinic()
        try clinic.exportPM([.init(id: "F9", start: clinic.at(2, 9), mrn: "M9")])
        try await clinic.reconcile()
        let key = try #require(
            try await clinic.pool.query("SELECT key FROM reconciliation.finding").first?.decode(String.self))
        let mending = try await Mending(pool: clinic.pool)
        for (key, expected) in [(key, Mending.Answer.notByResend), ("nothing", .unknownFinding)] {
            let answer = try await clinic.pool.transaction {
                try await mending.resend(.init(practice: Clinic.id, key: key), by: "ann", in: $0)
            }
            #expect(answer == expected)
        }
        #expect(try await clinic.count("SELECT count(*) FROM queue.job") == 0)
    }

    @Test func whatTheListHoldsWhileItsFeedIsHeldIsWithheld() async throws {
        let clinic = try await Clinic()
        try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9))
        let lines = [Clinic.Line(id: "F1", start: clinic.at(1, 9), mrn: "M1")]
        try clinic.exportPM(lines + [.init(id: "F9", start: clinic.at(2, 9), mrn: "M9")])
        try await clinic.pool.execute(
            "INSERT INTO journal.held (feed, reason, actor) VALUES ('clinic-pm', 'upgrade', 'ann')")
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.missingHere, .feedSilent)])
        try await clinic.pool.execute("DELETE FROM journal.held")
        try await clinic.reconcile(now: Date() + 460)
        #expect(try await clinic.open() == [.init(.missingHere, .neverSent)])
    }

    @Test func aListsLineIsOursByNameElseByPersonTimeAndProvider() async throws {
        let clinic = try await Clinic()
        // Named by its visit; unnamed; a person without a chart number; a group of two under one id; a midnight no-show.
        try await clinic.book(nil, mrn: "M1", start: clinic.at(1, 9), visit: "V1")
        try await clinic.book(nil, mrn: "M2", start: clinic.at(1, 10))
        try await clinic.book(nil, mrn: nil, start: clinic.at(1, 11), provider: "1002")
        try await clinic.book("G#M4", mrn: "M4", start: clinic.at(1, 12))
        try await clinic.book("G#M5", mrn: "M5", start: clinic.at(1, 12))
        try await clinic.book("F6", mrn: "M6", start: clinic.at(-1, 9))
        try clinic.exportPM([
            .init(id: "V1", start: clinic.at(1, 9), mrn: "M1"), .init(id: "X2", start: clinic.at(1, 10), mrn: "M2"),
            .init(id: "X3", start: clinic.at(1, 11), provider: "1002"),
            .init(id: "G", start: clinic.at(1, 12), mrn: "M4"), .init(id: "G", start: clinic.at(1, 12), mrn: "M5"),
            .init(id: "F6", start: clinic.at(-1, 9), mrn: "M6", status: "NO SHOW"),
        ])
        let run = try #require(try await clinic.reconcile().first)
        #expect(try await clinic.open() == [])
        #expect(run.run.counts.inPM == 6 && run.run.counts.here == 6 && run.run.counts.matched == 5)
        #expect(run.run.counts.explanations == ["derived-status": 1])
    }

    @Test func whatHasNoNumberAndChangedSinceTheListWasMadeIsKnownByHowItStoodThen() async throws {
        let clinic = try await Clinic()
        let cancelled = try await clinic.book(nil, mrn: "M1", start: clinic.at(1, 9))
        let moved = try await clinic.book(nil, mrn: "M2", start: clinic.at(1, 10))
        try clinic.exportPM([
            .init(id: "X1", start: clinic.at(1, 9), mrn: "M1"), .init(id: "X2", start: clinic.at(1, 10), mrn: "M2"),
        ])
        let madeAt = (Date() - 600).formatted(.iso8601)
        try madeAt.write(toFile: clinic.folder + "/pm.csv.asof", atomically: true, encoding: .utf8)
        try await clinic.pool.execute(
            "UPDATE records.appointment_version SET recorded_at = clock_timestamp() - interval '1 hour'")
        try await clinic.pool.execute(
            """
            UPDATE records.appointment SET changed_at = clock_timestamp(),
                status = CASE WHEN id = \(cancelled) THEN 'cancelled' ELSE status END,
                start_at = start_at + CASE WHEN id = \(moved) THEN interval '2 hours' ELSE interval '0' END,
                end_at = end_at + CASE WHEN id = \(moved) THEN interval '2 hours' ELSE interval '0' END
            """)
        let run = try #require(try await clinic.reconcile(now: Date() + 400).first)
        #expect(try await clinic.open() == [])
        #expect(run.run.counts.groups == 2 && run.run.counts.explanations == ["changed-since": 2])
    }

    @Test func aNumberThatIsAnothersVisitIsNotTakenForTheAppointment() async throws {
        let clinic = try await Clinic()
        let other = try await clinic.book("F1", mrn: "M1", start: clinic.at(1, 9), visit: "4711")
        try clinic.exportPM([
            .init(id: "F1", start: clinic.at(1, 9), mrn: "M1"), .init(id: "4711", start: clinic.at(3, 14), mrn: "M2"),
        ])
        try await clinic.reconcile()
        #expect(try await clinic.open() == [.init(.missingHere, .tooYoung)])
        #expect(try await clinic.count("SELECT count(*) FROM reconciliation.finding WHERE record_id = \(other)") == 0)
    }

    @Test func whatMovedOverTheWindowsEdgeIsADifferenceOfTimeAndNotOneMissing() async throws {
        let clinic = try await Clinic()
        let moved = try await clinic.book("F1", mrn: "M1", start: clinic.at(40, 9))
        try clinic.exportPM([.init(id: "F1", start: clinic.at(3, 9), mrn: "M1")])
        try await clinic.reconcile()
        #expect(try await clinic.open() == [.init(.timeDiffers, .tooYoung, moved)])
        try await clinic.reconcile(now: Date() + 400)
        #expect(try await clinic.open() == [.init(.timeDiffers, .neverSent, moved)])
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
