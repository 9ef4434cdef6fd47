import Foundation
import HL7
import Practice
import Testing

@testable import Workflow

/// The folder that is shipped, and small changes to it.
enum Folder {
    static let root = String(#filePath.dropLast("/Tests/WorkflowTests/DefinitionTests.swift".count))

    static func shipped() throws -> [String: String] { try Definition.files(inFolder: root + "/workflows") }

    static func changed(_ path: String, _ old: String, _ new: String) throws -> [String: String] {
        var files = try shipped()
        let text = try #require(files[path])
        try #require(text.contains(old), "the change must change something")
        files[path] = text.replacing(old, with: new)
        return files
    }

    static func problems(_ files: [String: String]) -> [String] {
        do throws(DefinitionError) {
            _ = try Definition(files: files)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }
}

@Suite struct DefinitionTests {
    @Test func theShippedFolderIsWithoutProblems() throws {
        #expect(Folder.problems(try Folder.shipped()) == [])
    }

    @Test(arguments: [
        ("practices/demo.yaml", "zone:", "zon:", "practices/demo.yaml:4: unknown key \"zon\", did you mean \"zone\"?"),
        (
            "practices/demo.yaml", "America/Chicago", "America/Chicgo",
            "practices/demo.yaml:4: unknown zone \"America/Chicgo\", did you mean \"America/Chicago\"?"
        ),
        (
            "practices/demo.yaml", "profile: standard", "profile: standart",
            "practices/demo.yaml:14: unknown profile \"standart\", did you mean \"standard\"?"
        ),
        (
            "practices/demo.yaml", "mode: live", "mode: life",
            "practices/demo.yaml:18: unknown mode \"life\", did you mean \"live\"?"
        ),
        (
            "practices/demo.yaml", "grace-seconds:", "ahed:",
            "practices/demo.yaml:23: unknown key \"ahed\", did you mean \"ahead\"?"
        ),
        (
            "practices/demo.yaml", "grace-seconds: 20", "ahead: 400",
            "practices/demo.yaml:23: \"ahead\" takes a number from 0 to 366"
        ),
        (
            "tables/status.csv", "KEPT,arrived", "KEPT,arived",
            "tables/status.csv:25: unknown status \"arived\", did you mean \"arrived\"?"
        ),
        (
            "tables/status.csv", "NORMAL,booked,,,,,", "Kept,booked,,,,,",
            "tables/status.csv:25: code \"KEPT\" is there already line 22"
        ),
        (
            "tables/status.csv", "KEPT,arrived,,,,,",
            "KEPT,arrived,,,,2026-01-01,2026-06-30\nKEPT,booked,,,,2026-06-30,",
            "tables/status.csv:26: code \"KEPT\" overlaps the dates of line 25"
        ),
        (
            "tables/status.csv", "KEPT,arrived,,,,,", "KEPT,arrived,,,,,tomorrow",
            "tables/status.csv:25: \"to\" takes a date such as 2026-11-22"
        ),
        ("tables/status.csv", "KEPT,arrived,,,,,", "KEPT,arrived", "tables/status.csv:25: 2 values for 7 columns"),
        (
            "tables/events.csv", "follow-up,OFFICE,demo", "follow-up,OFFICE,dmo",
            "tables/events.csv:3: unknown practice \"dmo\", did you mean \"demo\"?"
        ),
        (
            "tables/events.csv", "NUR,Nurse visit,NURSE", "NUR,Nurse visit,NURS",
            "tables/events.csv:6: unknown category \"NURS\", did you mean \"NURSE\"?"
        ),
        (
            "tables/resources.csv", "Dr. Ada Example,1234567893,,", "Dr. Ada Example,1234567893,P1,",
            "tables/resources.csv:4: unknown provider \"P1\""
        ),
        (
            "scheduling/workflow.yaml", "TQ1-7", "TQ1.7",
            "scheduling/workflow.yaml:24: \"TQ1.7\" is no path such as SCH-11.4"
        ),
        (
            "scheduling/workflow.yaml", "AIP-6]", "AIP-6, PV1-44]",
            "scheduling/workflow.yaml:24: PV1-44 is the visit's time, never the appointment's"
        ),
        (
            "scheduling/workflow.yaml", "S26: noshow", "S26: no-show",
            "scheduling/workflow.yaml:18: unknown SIU^S26 \"no-show\", did you mean \"noshow\"?"
        ),
        (
            "profiles/nextgen-office.yaml", "kind: filler", "kind: fillr",
            "profiles/nextgen-office.yaml:12: unknown kind \"fillr\", did you mean \"filler\"?"
        ),
        (
            "practices/demo-west.yaml", "DEMOWEST", "DEMOPM",
            "practices/demo.yaml:13: the feed \"demo-pm\" cannot be told from \"demo-west-pm\": same port, sender, facility"
        ),
        (
            "practices/demo-west.yaml", "practice: demo-west", "practice: demo-west\npractice: two",
            "practices/demo-west.yaml:1: not YAML: a key is there twice"
        ),
    ])
    func aMistakeIsNamedWithFileLineAndTheNearestWord(path: String, old: String, new: String, problem: String) throws {
        #expect(Folder.problems(try Folder.changed(path, old, new)).contains(problem))
    }

    @Test func everyMistakeOfAPracticesFileIsToldAndBringsNoOther() throws {
        var files = try Folder.shipped()
        files["practices/demo.yaml"] = """
            practice: demo
            zone: America/Chicgo
            feeds:
              - {feed: demo-pm, profile: standart, sender: DEMOPM, port: 0, refuse: [nothing]}
              - {profile: standard, sender: OTHER, production: perhaps}
            destinations:
              - {mode: life}
            reconcile:
              pm: {}
            colour: red
            """
        #expect(
            Folder.problems(files) == [
                "practices/demo.yaml:2: unknown zone \"America/Chicgo\", did you mean \"America/Chicago\"?",
                "practices/demo.yaml:4: \"port\" takes a number from 1 to 65535",
                "practices/demo.yaml:4: unknown profile \"standart\", did you mean \"standard\"?",
                "practices/demo.yaml:4: unknown refuse \"nothing\"",
                "practices/demo.yaml:5: \"feed\" is missing",
                "practices/demo.yaml:5: unknown value \"perhaps\"",
                "practices/demo.yaml:7: \"name\" is missing",
                "practices/demo.yaml:7: unknown mode \"life\", did you mean \"live\"?",
                "practices/demo.yaml:9: a source is \"csv\" or \"fhir\"",
                "practices/demo.yaml:10: unknown key \"colour\"",
            ])
    }

    @Test(arguments: ["practice: [", "zone: America/Chicago\n", "name: x\nzone: America/Chicago\n"])
    func aPracticesFileThatCannotBeReadAccusesNoRowOfATable(text: String) throws {
        var files = try Folder.shipped()
        files["practices/demo.yaml"] = text
        #expect(Folder.problems(files).allSatisfy { $0.hasPrefix("practices/demo.yaml:") })
        #expect(Folder.problems(files).count == 1)
    }

    @Test func aProfileThatCannotBeReadAccusesNoFeed() throws {
        var files = try Folder.shipped()
        files["profiles/standard.yaml"] = "profile: ["
        #expect(Folder.problems(files).allSatisfy { $0.hasPrefix("profiles/standard.yaml:") })
    }

    @Test func aMisspeltColumnIsOneMistake() throws {
        let files = try Folder.changed("tables/status.csv", "code,status,", "code,statsu,")
        #expect(
            Folder.problems(files) == ["tables/status.csv:4: unknown column \"statsu\", did you mean \"status\"?"])
    }

    @Test func aFolderThatIsNotThereIsNamed() {
        #expect(throws: FolderError.missing("/nowhere/at-all")) {
            try Definition.files(inFolder: "/nowhere/at-all")
        }
    }

    @Test(arguments: [("1234567893", true), ("1234567894", false), ("123456789", false), ("12345678930", false)])
    func anNPIChecksItself(text: String, isOne: Bool) { #expect(text.isNPI == isOne) }

    @Test func allProblemsAreToldAtOnce() throws {
        var files = try Folder.changed("practices/demo.yaml", "zone:", "zon:")
        files["tables/colours.csv"] = "code,text\n"
        files["notes/x.yaml"] = "a: b\n"
        let problems = Folder.problems(files)
        #expect(problems.count >= 4)
        #expect(problems == problems.sorted() || problems.contains { $0.hasPrefix("tables/colours.csv") })
    }

    @Test func theDigestIsOfEveryByteAndOfNothingElse() throws {
        let files = try Folder.shipped()
        let one = try Definition(files: files)
        #expect(one.digest.count == 32)
        #expect(try Definition(files: files).digest == one.digest)
        let other = try Folder.changed("tables/events.csv", "Physical", "physical")
        #expect(try Definition(files: other).digest != one.digest)
    }

    @Test func aRowHoldsInItsDatesForItsPracticeAndEvent() throws {
        var files = try Folder.shipped()
        files["tables/events.csv"] = """
            code,text,practice,from,to
            OV,old words,,,2026-06-30
            OV,new words,,2026-07-01,
            OV,own words,demo,2026-07-01,
            """
        let table = try Definition(files: files).table(.events)
        func text(_ practice: String, _ day: String) throws -> String? {
            table.row("ov", practice: practice, on: try #require(Day(day)))?["text"]
        }
        #expect(try text("demo", "2026-06-30") == "old words")
        #expect(try text("demo", "2026-07-01") == "own words")
        #expect(try text("demo-west", "2026-07-01") == "new words")
        let status = try Definition(files: Folder.shipped()).table(.status)
        let day = try #require(Day("2026-11-22"))
        #expect(status.row("rescheduled", practice: "demo", on: day, event: "S13")?["status"] == "booked")
        #expect(status.row("Rescheduled", practice: "demo", on: day, event: "S12")?["status"] == "cancelled")
    }

    @Test func quotesAndRemarksAreReadInTables() {
        let records = CSV.records("code,text\r\n# a remark\nA,\"one, \"\"two\"\"\nthree\"\n\nB, four \n")
        #expect(records.map(\.fields) == [["code", "text"], ["A", "one, \"two\"\nthree"], ["B", "four"]])
        #expect(records.map(\.line) == [1, 3, 6])
    }

    @Test(arguments: [("zon", "zone", 1), ("", "abc", 3), ("Kept", "KEPT", 0), ("flaw", "lawn", 2)])
    func editsAreCountedAsLevenshteinDoes(one: String, other: String, count: Int) {
        #expect(one.edits(to: other) == count)
        #expect(other.edits(to: one) == count)
    }

    @Test(
        arguments: [
            ("hours: {mon-fri: \"08:00-17:00\", sat: closed}\nholidays: [2026-12-25]", nil),
            ("hours: {mun: \"08:00-17:00\"}", "practices/demo.yaml:5: unknown weekday \"mun\", did you mean \"mon\"?"),
            (
                "hours: {mon: 8-17}",
                "practices/demo.yaml:5: \"hours\" takes stretches such as \"08:00-17:00\", or closed"
            ),
            ("holidays: [Christmas]", "practices/demo.yaml:5: \"holidays\" takes days such as 2026-12-25"),
            ("alarms: {mail: [office]}", "practices/demo.yaml:5: \"mail\" takes addresses such as office@example.org"),
        ] as [(String, String?)])
    func whenAPracticeIsOpenAndWhoIsToldIsCheckedWithFileAndLine(lines: String, problem: String?) throws {
        let files = try Folder.changed(
            "practices/demo.yaml", "zone: America/Chicago", "zone: America/Chicago\n" + lines)
        #expect(Folder.problems(files) == [problem].compactMap { $0 })
    }

    @Test func aFeedsSilenceIsEachPracticesOwnMatter() throws {
        let files = try Folder.changed("practices/demo.yaml", "silent-after: never", "silent-after: 30")
        let feed = try #require(try Definition(files: files).feeds["demo-pm"])
        #expect(feed.silentAfter(of: "demo") == .after(1800))
        #expect(feed.silentAfter(of: "another") == .learned)
    }
}
