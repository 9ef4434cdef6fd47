import Foundation
import Journal
import Postgres
import Practice
import TestSupport
import Testing
import Workflow

@testable import Pmsync
@testable import Scheduling

@Suite struct LoadFileTests {
    static let header = "appointment_id,status,start,end,mrn,provider,location,event,Last Name,First Name,DOB\n"

    /// Reads this text as the demo practice's list of appointments.
    static func read(
        _ text: String, kind: LoadKind = .appointments, asOf: Date = Date(timeIntervalSince1970: 1_795_000_000)
    ) throws -> LoadFile {
        let path = FileManager.default.temporaryDirectory.appending(path: "load-\(UUID().uuidString).csv").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let definition = try Definition(files: try Definition.files(inFolder: Repository.workflows))
        let plan = try LoadPlan(kind: kind, practice: "demo", layout: nil, definition: definition)
        var file = try LoadFile(path)
        try file.read(definition: definition, practice: plan.practice, feed: plan.feed, layout: plan.layout, asOf: asOf)
        return file
    }

    private static func first(of file: LoadFile) throws -> LoadedRow { try #require(file.good.first).row }

    private static func seen(_ row: LoadedRow) throws -> (AppointmentSeen, tell: Bool) {
        guard case .schedule(let message) = row, case .appointments(let seen) = message.content else {
            throw LoadFault(.empty)
        }
        return (seen[0], message.tell)
    }

    @Test func `A row says what a booking of that state would say, and tells nobody`() throws {
        let file = try Self.read(
            Self.header + "A1,Kept,2026-12-01 09:00,2026-12-01 09:40,5001,1001,MAIN,OVF,EXAMPLE,ALEX,2/29/1980\n")
        let (seen, tell) = try Self.seen(try Self.first(of: file))
        #expect(!tell)
        #expect(seen.event.status == .arrived && seen.event.sourceStatus == "Kept")
        #expect(seen.event.start == Date(timeIntervalSince1970: 1_796_137_200))
        #expect(seen.event.end == Date(timeIntervalSince1970: 1_796_139_600))
        #expect(seen.event.at == Date(timeIntervalSince1970: 1_795_000_000))
        #expect(seen.aliases.map(\.identifier) == [.init(.filler, authority: "nextgen", value: "A1")])
        #expect(seen.person.aliases.map(\.identifier) == [.init(.mrn, authority: "nextgen", value: "5001")])
        #expect(seen.person.family == "EXAMPLE" && seen.person.birthDate?.description == "1980-02-29")
        #expect(seen.event.resources.map(\.code) == ["1001", "MAIN"])
        #expect(seen.event.type?.text == "Office visit follow-up")
    }

    @Test func `A provider, place and event are known by their names too`() throws {
        let file = try Self.read(
            Self.header
                + "A1,Expected,2026-12-01 09:00,,5001,Dr. Ada Example,Demo Family Practice,Physical,EXAMPLE,ALEX,\n")
        let (seen, _) = try Self.seen(try Self.first(of: file))
        #expect(seen.event.resources.map(\.code) == ["1001", "MAIN"])
        #expect(seen.event.type?.code == "PHY")
    }

    @Test func `A location's own zone goes before the practice's`() throws {
        let file = try Self.read(Self.header + "A1,Expected,2026-12-01 09:00,,5001,1001,ANNEX,OVF,EXAMPLE,ALEX,\n")
        let (seen, _) = try Self.seen(try Self.first(of: file))
        #expect(seen.event.start == Date(timeIntervalSince1970: 1_796_133_600))
    }

    @Test func `A day and a clock in columns of their own, and minutes, give start and end`() throws {
        let file = try Self.read(
            "Appt ID,Status,Appt Date,Appt Time,Duration,MRN\nA1,Expected,12/1/2026,9:00 AM,40,5001\n")
        let (seen, _) = try Self.seen(try Self.first(of: file))
        #expect(seen.event.start == Date(timeIntervalSince1970: 1_796_137_200))
        #expect(seen.event.end == Date(timeIntervalSince1970: 1_796_139_600))
    }

    @Test func `A row without a person is a resource's time`() throws {
        let file = try Self.read(Self.header + "B1,Blocked,2026-12-01 12:00,2026-12-01 13:00,,1001,MAIN,,,,\n")
        guard case .schedule(let message) = try Self.first(of: file), case .slots(let slots) = message.content
        else {
            Issue.record("no slots")
            return
        }
        #expect(slots.changes.map(\.resource.code) == ["1001"] && slots.changes.map(\.status) == [.busyUnavailable])
    }

    @Test func `Bad rows are told with line, column and reason, and never with what they hold`() throws {
        let file = try Self.read(
            Self.header
                + "A1,Expected,2026-12-01 09:00,2026-12-01 08:00,5001,1001,MAIN,OVF,CANARY,ALEX,\n"
                + "A2,Canary,2026-12-01 09:00,,5001,1001,MAIN,OVF,CANARY,ALEX,\n"
                + "A3,Expected,canary,,5001,1001,MAIN,OVF,CANARY,ALEX,\n"
                + "A4,Expected,2026-12-01 09:00,,5001,1001,MAIN,OVF,CANARY,ALEX,canary\n"
                + "A5,Expected,,,5001,1001,MAIN,OVF,CANARY,ALEX,\n"
                + "A6,Expected,2026-12-01 09:00\n"
                + "A7,Expected,2026-12-01 09:00,,5001,1001,MAIN,OVF,CANARY,ALEX,\n"
                + "A7,Expected,2026-12-01 10:00,,5001,1001,MAIN,OVF,CANARY,ALEX,\n"
                + "A7,Expected,2026-12-01 09:00,,5001,1001,MAIN,OVF,CANARY,ALEX,\n")
        let told = file.bad.map { "\($0.line) \($0.column ?? "-") \($0.reason)" }
        #expect(
            told == [
                "2 end is before the start", "3 status has no row in tables/status.csv",
                "4 start holds no time of the layout's patterns", "5 DOB holds no day of the layout's patterns",
                "6 start is empty", "7 - has more or fewer values than the header has columns",
                "9 appointment_id is on an earlier line of the file already, with other values",
            ])
        #expect(!told.joined().lowercased().contains("canary"))
        #expect(file.good.map(\.line) == [8])
        #expect(file.repeated == 1)
        #expect(file.rows == 9)
    }

    @Test func `A row with a stray quote is told as any bad row, and the others are read`() throws {
        let file = try Self.read(
            Self.header
                + "A1,Expected,2026-12-01 09:00,,5001,1001,MAIN,OVF,O\"CANARY,ALEX,\n"
                + "A2,Expected,2026-12-01 10:00,,5001,1001,MAIN,OVF,EXAMPLE,ALEX,\n"
                + "\"A3,Expected\nA4\",2026-12-01 10:00,,5001,1001,MAIN,OVF,EXAMPLE,ALEX,\n")
        #expect(
            file.bad.map { "\($0.line) \($0.reason)" } == [
                "2 has a quote in the midst of a value",
                "4 has more or fewer values than the header has columns: a quote joins the lines 4 to 5",
            ])
        #expect(file.good.map(\.line) == [3] && file.rows == 3)
    }

    @Test func `One number for several people is a group visit, with a name for each`() throws {
        let file = try Self.read(
            Self.header
                + "G1,Expected,2026-12-01 09:00,,5001,1003,MAIN,GRP,EXAMPLE,ALEX,\n"
                + "G1,Expected,2026-12-01 09:00,,5002,1003,MAIN,GRP,EXAMPLE,BEA,\n")
        let names = try file.good.map { try Self.seen($0.row).0.aliases.map(\.identifier.value) }
        #expect(names == [["G1#5001"], ["G1#5002"]])
    }

    @Test func `Columns that nobody asked for are told with the nearest name, and left out`() throws {
        let file = try Self.read("appointment_id,status,start,mrn,Provder\nA1,Expected,2026-12-01 09:00,5001,1001\n")
        #expect(file.notes.count == 1)
        #expect(file.notes.first?.contains(":1: column \"Provder\"") == true)
        #expect(file.notes.first?.contains("did you mean \"provider\"?") == true)
        #expect(file.good.count == 1)
    }

    @Test func `A header without what is needed loads nothing`() {
        #expect(throws: LoadError.self) { try Self.read("appointment_id,status,mrn\nA1,Expected,5001\n") }
        #expect(throws: LoadError.self) { try Self.read("start,Start Time,mrn\n2026-12-01 09:00,,5001\n") }
    }

    @Test func `What the journal keeps of a row reads as the row did`() throws {
        let file = try Self.read(
            Self.header + "A1,Expected,2026-12-01 09:00,,5001,1001,MAIN,OVF,\"O\"\"BRIEN, JR\",+1 ALEX,\n")
        let entry = try #require(file.good.first).entry
        #expect(LoadEntry(bytes: entry.bytes) == entry)
        #expect(LoadEntry(bytes: Array("MSH|^~\\&|A\r".utf8)) == nil)
    }

    @Test func `Patients, providers and resources are read by their layouts`() throws {
        let patients = try Self.read("Chart,Patient Name,DOB,Sex\n5001,\"EXAMPLE, ALEX\",1/2/80,M\n", kind: .patients)
        guard case .person(let person) = try Self.first(of: patients) else { throw LoadFault(.empty) }
        #expect(person.family == "EXAMPLE" && person.given == "ALEX" && person.sex == "M")
        let providers = try Self.read("Provider ID,Name,NPI\n1001,Ada,123\n9001,Zed,1234567893\n", kind: .providers)
        #expect(providers.bad.map(\.line) == [2])
        let rooms = try Self.read("code,kind,name,capacity\nR1,Location,Room 1,8\nR2,spaceship,X,1\n", kind: .resources)
        guard case .resource(let room) = try Self.first(of: rooms) else { throw LoadFault(.empty) }
        #expect(room.use.kind == .location && room.capacity == 8)
        #expect(rooms.bad.map(\.column) == ["kind"])
    }
}

@Suite struct LoadCommandTests {
    private static let rows =
        LoadFileTests.header + "A1,Expected,2026-12-01 09:00,,5001,1001,MAIN,OVF,EXAMPLE,ALEX,\n"
        + "A2,Canary,2026-12-01 09:00,,5002,1001,MAIN,OVF,EXAMPLE,BEA,\n"

    @Test func `A dry run writes nothing`() async throws {
        try await Office.open { office in
            let file = try office.file("list.csv", Array(Self.rows.utf8))
            #expect(await office.run("load", "appointments", file, "--practice", "demo", "--dry-run") == 1)
            #expect(try await office.count("SELECT count(*) FROM journal.entry") == 0)
            #expect(try await office.count("SELECT count(*) FROM queue.job") == 0)
            #expect(try await office.count("SELECT count(*) FROM records.load") == 0)
        }
    }

    @Test
    func `While the feed is heard, a file with other numbers of persons than its messages waits until it is held`()
        async throws
    {
        try await Office.open { office in
            let file = try office.file("list.csv", Array(Self.rows.utf8))
            let load = ["load", "appointments", file, "--practice", "demo", "--no-wait"]
            _ = try await office.pool.transaction { transaction in
                try await Arrival.record(
                    [
                        Arrival(
                            feed: "demo-nextgen", practice: "demo", peer: "test", controlID: "1",
                            messageType: "SIU^S12",
                            payload: Array("MSH|".utf8))
                    ], in: transaction)
            }
            #expect(await office.run(load) == 1)
            #expect(try await office.count("SELECT count(*) FROM queue.job") == 0)
            let keyed = try office.file("keyed.csv", Array(Self.rows.replacing(",mrn,", with: ",person_id,").utf8))
            _ = await office.run("load", "appointments", keyed, "--practice", "demo", "--no-wait")
            #expect(try await office.count("SELECT count(*) FROM queue.job") == 1)
            #expect(await office.run("feed", "pause", "demo-nextgen", "--reason", "a load") == 0)
            _ = await office.run(load)
            #expect(try await office.count("SELECT count(*) FROM queue.job") == 2)
        }
    }

    @Test func `Good rows are journaled each with a job beside bad ones, unless --strict`() async throws {
        try await Office.open { office in
            let file = try office.file("list.csv", Array(Self.rows.utf8))
            #expect(await office.run("load", "appointments", file, "--practice", "demo", "--strict") == 1)
            #expect(try await office.count("SELECT count(*) FROM journal.entry") == 0)
            #expect(await office.run("load", "appointments", file, "--practice", "demo", "--no-wait") == 1)
            #expect(
                try await office.count(
                    """
                    SELECT count(*) FROM journal.entry e JOIN queue.job j ON j.entry_id = e.id
                    WHERE e.feed = 'load' AND e.message_type = 'CSV^appointment' AND e.practice_id = 'demo'
                        AND j.kind = 'load'
                    """) == 1)
            #expect(try await office.count("SELECT count(*) FROM records.load WHERE rows = 2 AND bad = 1") == 1)
        }
    }

    @Test func `The same file again, even with another time of writing, adds nothing`() async throws {
        try await Office.open { office in
            let file = try office.file("list.csv", Array(Self.rows.utf8))
            #expect(await office.run("load", "appointments", file, "--practice", "demo", "--no-wait") == 1)
            let written = Date(timeIntervalSinceNow: -86_400)
            try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: file)
            #expect(await office.run("load", "appointments", file, "--practice", "demo", "--no-wait") == 1)
            #expect(try await office.count("SELECT count(*) FROM journal.entry") == 1)
            #expect(try await office.count("SELECT count(*) FROM queue.job") == 1)
            #expect(try await office.count("SELECT count(DISTINCT as_of) FROM records.load") == 1)
            #expect(try await office.count("SELECT sum(repeated) FROM records.load") == 1)
        }
    }

    @Test func `What cannot be loaded at all is said to be so`() async throws {
        try await Office.open { office in
            let file = try office.file("list.csv", Array(Self.rows.utf8))
            #expect(await office.run("load", "appointments", file, "--practice", "nowhere") == 1)
            #expect(await office.run("load", "appointments", file + ".not", "--practice", "demo") == 1)
            #expect(
                await office.run("load", "patients", file, "--practice", "demo", "--layout", "pm-appointments") == 1)
            #expect(await office.run("load", "visits", file, "--practice", "demo") == 2)
            let ahead = "2099-01-01T00:00:00Z"
            #expect(await office.run("load", "appointments", file, "--practice", "demo", "--as-of", ahead) == 2)
            #expect(try await office.count("SELECT count(*) FROM journal.entry") == 0)
        }
    }
}
