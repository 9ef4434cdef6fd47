import Foundation
import Practice
import Testing
import Workflow

@testable import Scheduling

/// What codes mean on which day, as a message is read.
@Suite struct CrosswalkTests {
    static func definition(_ tables: [String: String], pass: Bool = true) throws -> Definition {
        var files = try Definition.files(inFolder: Shipped.workflows)
        for (name, text) in tables { files["tables/\(name).csv"] = text }
        if !pass {
            files["scheduling/workflow.yaml"] = files["scheduling/workflow.yaml"]?.replacing(": pass", with: ": park")
        }
        return try Definition(files: files)
    }

    /// A move on 2 December: resource 1001 is another provider's from then on, who works elsewhere.
    static let move = [
        "resources": """
        code,kind,name,provider,practice,from,to
        1001,practitioner,,ADA,demo,,2026-12-01
        1001,practitioner,,BEN,demo,2026-12-02,
        """,
        "providers": """
        code,name,npi,practice
        ADA,Dr. Ada Example,1234567893,demo
        BEN,Dr. Ben Example,1245319599,demo
        """,
        "locations": """
        code,name,zone,practice,from,to
        MAIN,The old house,,demo,,2026-12-01
        MAIN,The new house,,demo,2026-12-02,
        """,
    ]

    static func message(
        _ event: String = "S12", start: String = "20261201090000", status: String = "Booked", type: String = "OVF"
    ) -> [UInt8] {
        Array(
            """
            MSH|^~\\&|DEMOPM|CLINIC|X|Y|20261120080000||SIU^\(event)|1|P|2.5.1\r\
            SCH||F1||||||\(type)|30|min|^^^\(start)||||||||||||||\(status)\r\
            PID|1||M1^^^CLINIC^MR||Canaryson^Zoe\r\
            RGS|1|A\rAIL|1||MAIN\rAIP|1||1001^LAST^FIRST\r
            """.utf8)
    }

    static func seen(
        _ bytes: [UInt8], _ definition: Definition, at received: String = "2026-11-20T14:00:00Z"
    ) throws -> AppointmentSeen {
        let message = try SchedulingMessage.read(
            bytes: bytes, definition: definition, feed: "demo-pm", receivedAt: try Date(received, strategy: .iso8601),
            entry: 1)
        guard case .appointments(let all) = message.content else {
            Issue.record("no appointment")
            throw Park(.missingSCH, holdsKey: false, detail: "")
        }
        return try #require(all.first)
    }

    @Test(arguments: [
        ("20261201233000", "Dr. Ada Example", "1234567893", "The old house"),
        ("20261202000000", "Dr. Ben Example", "1245319599", "The new house"),
    ])
    func `Who stands behind a resource, and where it is, goes by the day of the appointment`(
        start: String, name: String, npi: String, place: String
    ) throws {
        let definition = try Self.definition(Self.move)
        // Whether it is told before the move or a month after: last month's visit keeps its provider.
        for received in ["2026-11-20T14:00:00Z", "2027-01-20T14:00:00Z"] {
            let event = try Self.seen(Self.message(start: start), definition, at: received).event
            let practitioner = try #require(event.resources.first { $0.kind == .practitioner })
            #expect(practitioner.name == name && practitioner.npi == npi)
            #expect(event.resources.first { $0.kind == .location }?.name == place)
        }
    }

    @Test func `A word of the status table goes by the day on which the message came`() throws {
        let definition = try Self.definition([
            "status": """
            code,status,from,to
            BOOKED,pending,,2026-11-30
            BOOKED,booked,2026-12-01,
            """
        ])
        let message = Self.message(start: "20270110090000")
        #expect(try Self.seen(message, definition).event.status == .pending)
        #expect(try Self.seen(message, definition, at: "2026-12-02T14:00:00Z").event.status == .booked)
    }

    @Test func `A category comes from the event's row, and from the message where a path is declared`() throws {
        let definition = try Self.definition([:])
        #expect(
            try Self.seen(Self.message(), definition).event.category == Coded(code: "OFFICE", text: "Office visits"))
        #expect(try Self.seen(Self.message(type: "OTHER"), definition).event.category == nil)
        var files = try Definition.files(inFolder: Shipped.workflows)
        files["scheduling/workflow.yaml"] = files["scheduling/workflow.yaml"]?
            .replacing("category: []", with: "category: [SCH-25]")
        let stated = try Definition(files: files)
        #expect(try Self.seen(Self.message(), stated).event.category == Coded(code: "Booked", text: "Booked"))
    }

    @Test(arguments: [
        ("status", "Tentative", TableName.status), ("type", "NEWONE", .events),
    ])
    func `A code without a row parks under its table where that is declared, and names its group`(
        field: String, value: String, table: TableName
    ) throws {
        let definition = try Self.definition([:], pass: false)
        let message =
            field == "status" ? Self.message(status: value) : Self.message(type: value)
        let park = try #require(throws: Park.self) { try Self.seen(message, definition) }
        #expect(park.code == table.parkCode)
        #expect(park.unmapped == UnmappedCode(practice: "demo", table: table, code: value.uppercased()))
        #expect(!park.detail.contains(value), "a value is not for a job's row")
    }

    @Test func `Counting reads every code of a message, whether its table parks or not`() throws {
        let definition = try Self.definition([:], pass: false)
        let seen = try #require(
            SchedulingMessage.codes(
                bytes: Self.message(status: "Tentative", type: "NEWONE"), definition: definition, feed: "demo-pm",
                receivedAt: try Date("2026-11-20T14:00:00Z", strategy: .iso8601)))
        #expect(seen.practice == "demo")
        let codes = seen.codes.map { "\($0.table.rawValue) \($0.code) \($0.event) \($0.day)" }.sorted()
        #expect(
            codes == [
                "events NEWONE  2026-12-01", "locations MAIN  2026-12-01", "resources 1001  2026-12-01",
                "status Tentative S12 2026-11-20",
            ])
    }
}
