import Foundation
import Journal
import Postgres
import Practice
import Records
import TestSupport
import Testing

/// A practice of a test's own.
private struct Office {
    let pool: Pool
    static let day = CalendarDay(year: 2026, month: 12, day: 1)!
    static let nine = Date(timeIntervalSince1970: 1_796_137_200)

    init(_ test: String = #function) async throws {
        pool = try await TestDatabase.make(test).pool(size: 8)
        for practice in ["p", "q"] {
            _ = try await pool.execute(
                """
                INSERT INTO records.practice (practice_id, enterprise_id, name, zone)
                VALUES (\(practice), 'e', 'Office', 'America/Denver')
                """)
        }
    }

    func book(
        _ id: UUID = UUID(), start: Date = nine, minutes: Double = 30, doctor: String = "D1", named name: String = "",
        status: AppointmentStatus = .booked, isKnown: Bool = false, entry: Int64,
        meanwhile: @Sendable () async throws -> Void = {}
    ) async throws {
        var event = AppointmentEvent(kind: status == .cancelled ? .cancelled : .booked, at: start, entry: entry)
        event.start = start
        event.end = start + minutes * 60
        event.resources = [
            ResourceUse(kind: .practitioner, code: doctor, name: name), ResourceUse(kind: .location, code: "MAIN"),
        ]
        event.status = status
        let source = AppointmentSlice.Source(
            practice: "p", enterprise: "e", day: Self.day, entry: entry, definition: nil)
        try await pool.transaction { [event] transaction in
            var slice = AppointmentSlice()
            if isKnown { try slice.put(try await transaction.query(AppointmentSlice.loading(ids: [("p", id)]))) }
            try await meanwhile()
            _ = slice.add(event, [], to: id, source)
            try await slice.save(in: transaction)
            try await slice.saveResources(in: transaction)
        }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await pool.query(sql).first?.decode(Int64.self) ?? -1
    }
}

@Suite struct RecordsTests {
    @Test func aVisitKeepsWhatItsPractitionerWasCalledThenWhoeverTheCodeMeansLater() async throws {
        let office = try await Office()
        let (before, after) = (UUID(), UUID())
        try await office.book(before, named: "Dr. Ada", entry: 1)
        try await office.book(after, start: Office.nine + 7 * 86_400, named: "Dr. Ben", entry: 2)
        let names = try await office.pool.transaction { transaction in
            try await Appointments.search(
                [.ids([before, after])], practice: "p", page: Page(limit: 10), in: transaction
            ).records.reduce(into: [:]) { names, one in
                names[one.id] = one.resources.first { $0.code == "D1" }?.name
            }
        }
        #expect(names == [before: "Dr. Ada", after: "Dr. Ben"])
    }

    @Test func whoReadsEntriesOfADayLocksNoOtherDay() async throws {
        let office = try await Office()
        _ = try await office.pool.query("SELECT journal.make_days('2026-01-01', '2026-02-15')::text")
        let arrival = Arrival(
            feed: "f", practice: "p", peer: "t", controlID: "1", messageType: "SIU^S12", payload: [77, 83, 72])
        let id = try await office.pool.transaction { try await Arrival.record([arrival], in: $0)[0].id }
        try await office.pool.transaction { transaction in
            // Often enough that a plan would be kept.
            for _ in 0..<10 { #expect(try await Entry.read([id], in: transaction)[id]?.payload == [77, 83, 72]) }
            let locked = try await transaction.query(
                """
                SELECT count(DISTINCT c.oid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                WHERE l.pid = pg_backend_pid() AND c.relname LIKE 'entry_2%' AND c.relkind = 'r'
                """
            )[0].decode(Int64.self)
            #expect(locked == 1)
        }
    }

    @Test func changesAreNumberedWithoutGapsInCommitOrderHoweverManyCommitAtOnce() async throws {
        let office = try await Office()
        await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    try await office.pool.transaction { transaction in
                        var change = NewChange(
                            type: "appointment.booked", recordKind: "appointment", record: UUID(), version: 1)
                        (change.day, change.entry) = (Office.day, Int64(index))
                        try await NewChange.append([change, change], practice: "p", in: transaction)
                        // Every fourth gives up after it had its numbers.
                        if index % 4 == 3 { throw CancellationError() }
                    }
                }
            }
            while let result = await group.nextResult() {
                if case .failure(let error) = result { #expect(error is CancellationError) }
            }
        }
        let numbers = try await office.pool.query("SELECT number FROM records.change ORDER BY number").map {
            try $0.decode(Int64.self)
        }
        #expect(numbers == Array(1...60))
        #expect(try await office.count("SELECT last_change FROM records.practice WHERE practice_id = 'p'") == 60)
        let outOfOrder = try await office.count(
            "SELECT count(*) FROM records.change a JOIN records.change b ON b.number = a.number + 1 WHERE b.at < a.at - interval '1 second'"
        )
        #expect(outOfOrder == 0)
    }

    @Test func aSecondBookingOfATakenTimeStandsAsAnOverbooking() async throws {
        let office = try await Office()
        try await office.book(entry: 1)
        try await office.book(start: Office.nine + 600, entry: 2)
        #expect(try await office.count("SELECT count(*) FROM records.occupancy") == 2)
        #expect(try await office.count("SELECT count(*) FROM records.occupancy WHERE exclusive") == 1)
    }

    @Test func twoBookingsOfOneTimeAtOnceBothStandAndOneExcludes() async throws {
        let office = try await Office()
        // Who excludes is chosen under the resource's lock.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for entry in 1...8 { group.addTask { try await office.book(entry: Int64(entry)) } }
            try await group.waitForAll()
        }
        #expect(try await office.count("SELECT count(*) FROM records.occupancy WHERE exclusive") == 1)
        #expect(try await office.count("SELECT count(*) FROM records.occupancy") == 8)
    }

    @Test func thePMsBookingDisplacesAHold() async throws {
        let office = try await Office()
        try await office.book(start: Office.nine - 7200, entry: 1)
        _ = try await office.pool.execute(
            """
            INSERT INTO records.occupancy (practice_id, resource_id, during, exclusive, hold_id, held_until)
            SELECT practice_id, id, tstzrange(\(Office.nine), \(Office.nine + 1800)), true, gen_random_uuid(), now()
            FROM records.resource WHERE code = 'D1'
            """)
        try await office.book(entry: 2)
        #expect(try await office.count("SELECT count(*) FROM records.occupancy WHERE hold_id IS NOT NULL") == 0)
        #expect(try await office.count("SELECT count(*) FROM records.occupancy WHERE exclusive") == 2)
    }

    @Test func cancellingFreesTheSlotUnlessAnotherStillTakesIt() async throws {
        let office = try await Office()
        let (one, two) = (UUID(), UUID())
        try await office.book(one, entry: 1)
        try await office.book(two, entry: 2)
        try await office.book(one, status: .cancelled, isKnown: true, entry: 3)
        #expect(try await office.count("SELECT count(*) FROM records.slot WHERE status = 'busy'") == 1)
        try await office.book(two, status: .cancelled, isKnown: true, entry: 4)
        #expect(try await office.count("SELECT count(*) FROM records.slot WHERE status = 'busy'") == 0)
        #expect(try await office.count("SELECT count(*) FROM records.slot WHERE status = 'free'") == 1)
        #expect(try await office.count("SELECT count(*) FROM records.occupancy") == 0)
    }

    @Test func `A save names the revision that it was decided on, and misses where another commit was first`()
        async throws
    {
        let office = try await Office()
        let id = UUID()
        try await office.book(id, entry: 1)
        await #expect(throws: PostgresError.missed) {
            try await office.book(id, start: Office.nine + 7200, isKnown: true, entry: 3) {
                try await office.book(id, start: Office.nine + 3600, isKnown: true, entry: 2)
            }
        }
        #expect(try await office.count("SELECT max(version) FROM records.appointment_version") == 2)
        #expect(try await office.count("SELECT revision FROM records.appointment") == 1)
    }

    /// What a message says of a person, as a batch records it.
    private func see(_ parsed: ParsedPerson, _ office: Office) async throws -> UUID {
        let keys = parsed.aliases.map { PersonSlice.Key("e", $0.identifier) }
        while true {
            do {
                return try await office.pool.transaction { transaction in
                    var slice = PersonSlice()
                    let located = try await PersonSlice.lock(keys, in: transaction)
                    try slice.put(try await transaction.query(PersonSlice.loading(keys)))
                    guard slice.isHeld(by: located) else { throw PostgresError.missed }
                    let id = slice.find(parsed, in: "e") ?? UUID()
                    slice.see(parsed, as: id, in: "e")
                    try await slice.save(in: transaction)
                    return slice.survivor(of: id)
                }
            } catch let error as PostgresError where error.isTransient {
                continue
            }
        }
    }

    @Test func aPersonIsOneHoweverManyMeetThemAtOnceAndBlanksAreFilled() async throws {
        let office = try await Office()
        let alias = Alias(Identifier(.person, authority: "nextgen", value: "g-1"), trust: 90)
        let ids = try await withThrowingTaskGroup(of: UUID.self) { group in
            for index in 0..<12 {
                group.addTask {
                    var seen = ParsedPerson(aliases: [alias])
                    if index % 2 == 0 { seen.family = "ZZTEST" } else { seen.given = "ALEX" }
                    if index == 5 {
                        seen.aliases.append(Alias(Identifier(.mrn, authority: "p", value: "77"), trust: 80))
                    }
                    return try await see(seen, office)
                }
            }
            return try await group.reduce(into: Set<UUID>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(
            try await office.count("SELECT count(*) FROM records.person WHERE family = 'ZZTEST' AND given = 'ALEX'")
                == 1)
        #expect(try await office.count("SELECT count(*) FROM records.person_alias") == 2)
    }

    @Test func aRegisteredPersonIsNotOverwrittenByWhatIsSeen() async throws {
        let office = try await Office()
        var seen = ParsedPerson(aliases: [Alias(Identifier(.mrn, authority: "p", value: "77"), trust: 80)])
        _ = try await see(seen, office)
        _ = try await office.pool.execute("UPDATE records.person SET provisional = false")
        seen.family = "ZZOTHER"
        _ = try await see(seen, office)
        #expect(try await office.count("SELECT count(*) FROM records.person WHERE family = ''") == 1)
    }

    @Test func openingFreesABlockAndNeverWhatIsBooked() async throws {
        let office = try await Office()
        try await office.book(entry: 1)
        func slot(_ start: Date, _ status: BlockSlice.Status) async throws -> Bool {
            let stretch = BlockSlice.Stretch(kind: .practitioner, code: "D1", start: start, end: start + 1800)
            return try await office.pool.transaction { transaction in
                var slice = BlockSlice()
                let key = BlockSlice.SlotKey(practice: "p", stretch: stretch)
                try await slice.load(named: [], stretches: [key], in: transaction)
                let change = slice.say(status, of: stretch, at: start, in: "p", id: UUID())
                try await slice.save(in: transaction)
                return change != nil
            }
        }
        #expect(try await slot(Office.nine + 7200, .blocked))
        #expect(try await !slot(Office.nine + 7200, .blocked))
        #expect(try await slot(Office.nine + 7200, .free))
        #expect(try await !slot(Office.nine, .free))
        #expect(try await office.count("SELECT count(*) FROM records.slot WHERE status = 'busy'") == 1)
    }
}
