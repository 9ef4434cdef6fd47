import Foundation
import MLLP
import Postgres
import Testing

/// The oracle: what was acknowledged is on record byte for byte and was applied once and in order, nothing was invented,
/// everyone was told once, everyone agrees, and it still flows.
struct Conservation {
    let practice: Practice
    let traffic: Traffic
    let sender: Sender

    func check() async throws {
        try await practice.settled(traffic.count, within: .seconds(90))
        try await journal()
        try await record()
        try await telling()
        #expect(try await practice.agrees(), "the app ends with another schedule than ours")
        try await freshMessageFlows()
    }

    private func journal() async throws {
        let acknowledged = sender.acknowledged
        #expect(acknowledged.count == traffic.count)
        let rows = try await practice.pool.query(
            """
            SELECT e.control_id, e.payload,
                (SELECT count(*) FROM journal.outcome o WHERE o.received_on = e.received_on AND o.entry_id = e.id)
            FROM journal.entry e WHERE e.direction = 'in'
            """)
        var seen: Set<String> = []
        for row in rows {
            let (id, payload, outcomes) = try row.decode((String, [UInt8], Int64).self)
            #expect(seen.insert(id).inserted, "\(id) stands twice in the journal")
            #expect(acknowledged[id] == payload, "\(id) is not what was sent")
            #expect(outcomes == 1, "\(id) has \(outcomes) outcomes")
        }
        #expect(seen.count == traffic.count)
        #expect(try await practice.texts("SELECT DISTINCT code FROM journal.outcome") == ["applied"])
    }

    private func record() async throws {
        let rows = try await practice.pool.query(
            """
            SELECT l.value, a.status, to_char(a.start_at AT TIME ZONE 'America/Denver', 'YYYYMMDDHH24MISS'), a.version,
                (SELECT count(*) FROM records.appointment_event e
                 WHERE e.practice_id = a.practice_id AND e.appointment_id = a.id)
            FROM records.appointment a
            JOIN records.appointment_alias l ON l.practice_id = a.practice_id AND l.appointment_id = a.id
            """)
        #expect(rows.count == traffic.ends.count)
        for row in rows {
            let (filler, status, start, version, events) = try row.decode((String, String, String, Int32, Int64).self)
            let end = Traffic.End(status: status, start: start, version: Int(version))
            #expect(traffic.ends[filler] == end, "\(filler)")
            #expect(events == 4, "\(filler) was told of \(events) times")
        }
        #expect(
            try await practice.count("SELECT count(*) FROM records.occupancy") == 0, "something holds time that is free"
        )
    }

    /// One change a message, and no more but days that went as one; numbered without a gap; each told once; each heard under one id, a person's in their order.
    private func telling() async throws {
        let numbers = try await practice.pool.query(
            """
            SELECT count(*) FILTER (WHERE record_kind <> 'day'), min(event_number),
                count(*) - count(DISTINCT change_number), max(event_number) - count(*),
                (SELECT max(number) - count(*) FROM records.change),
                (SELECT count(*) FROM records.change WHERE record_kind <> 'day')
            FROM api.delivery WHERE state = 'delivered'
            """
        ).first?.decode((Int64, Int64?, Int64, Int64?, Int64?, Int64).self)
        let all = Int64(traffic.count)
        let told = try #require(numbers)
        #expect(told == (all, 1, 0, 0, 0, all), "\(told)")
        let heard = heard
        #expect(practice.app.forged == 0)
        #expect(Set(heard.map(\.event)).count == heard.count, "an event came under two ids")
        #expect(heard.count == traffic.count)
        let persons = try await practice.pool.query("SELECT id::text, person_id::text FROM records.appointment")
            .map { try $0.decode((String, String).self) }
        let personOf = Dictionary(persons) { first, _ in first }
        var lastEvent: [String: Int64] = [:]
        var lastVersion: [String: Int] = [:]
        for notice in heard {
            let person = personOf[notice.record] ?? ""
            #expect(notice.event > lastEvent[person] ?? 0, "a person's notices came in another order")
            lastEvent[person] = notice.event
            #expect(notice.version == (lastVersion[notice.record] ?? 0) + 1, "a version was passed over or went back")
            lastVersion[notice.record] = notice.version
        }
    }

    /// Of one message each: that a whole day was cancelled is told besides.
    private var heard: [BookingApp.Heard] { practice.app.heard.filter { !$0.type.hasPrefix("day.") } }

    private func freshMessageFlows() async throws {
        let before = heard.count
        let fresh = Booking(filler: "fresh", person: "fresh", start: Booking.day(40) + "070000")
        let client = try await practice.connect()
        _ = try await client.send(fresh.message("S12", id: "fresh", at: 0))
        await client.close()
        try await practice.until("a fresh message flows") { heard.count == before + 1 }
        try await practice.settled(traffic.count + 1)
    }
}
