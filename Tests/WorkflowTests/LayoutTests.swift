import Foundation
import HL7
import Practice
import Testing

@testable import Workflow

@Suite struct LayoutTests {
    @Test func everyKindHasAShippedLayout() throws {
        let definition = try Definition(files: try Folder.shipped())
        #expect(Set(definition.layouts.values.map(\.loads)) == Set(LoadKind.allCases))
    }

    @Test(arguments: [
        ("columns:", "colums:", "layouts/pm-appointments.yaml:4: unknown key \"colums\", did you mean \"columns\"?"),
        (
            "  appointment: [", "  apointment: [",
            "layouts/pm-appointments.yaml:5: unknown key \"apointment\", did you mean \"appointment\"?"
        ),
        (
            "loads: appointments", "loads: appointment",
            "layouts/pm-appointments.yaml:3: unknown loads \"appointment\", did you mean \"appointments\"?"
        ),
        (
            "yyyyMMddHHmm[ss]", "yyyyQMdd",
            "layouts/pm-appointments.yaml:28: \"yyyyQMdd\" is no pattern such as yyyy-MM-dd HH:mm"
        ),
        (
            "room: [room]", "room: [room, Start Time]",
            "layouts/pm-appointments.yaml:15: the column \"Start Time\" is \"start\" already"
        ),
    ])
    func aMistakeInALayoutIsToldWithItsLine(old: String, new: String, problem: String) throws {
        let problems = Folder.problems(try Folder.changed("layouts/pm-appointments.yaml", old, new))
        #expect(problems.contains(problem), "\(problems)")
    }

    @Test func aLayoutThatNamesNobodyAndNoTimeIsRefused() throws {
        var files = try Folder.shipped()
        files["layouts/poor.yaml"] = "layout: poor\nloads: appointments\ncolumns:\n  status: [status]\n"
        #expect(Folder.problems(files).count == 2)
    }

    @Test func columnsAreFoundHoweverTheyAreWritten() throws {
        let layout = try #require(try Definition(files: try Folder.shipped()).layouts["pm-appointments"])
        let columns = LayoutColumns(
            layout, header: ["Appointment ID", "APPT_STATUS", "Start-Time", "Patinet", "Location Name"])
        #expect(columns.positions == [.appointment: 0, .status: 1, .start: 2])
        #expect(columns.unknown.map(\.position) == [3])
        #expect(columns.unknown.first?.nearest == "patient")
        #expect(columns.missing == [])
        #expect(LayoutColumns(layout, header: ["start"]).missing.first?.first == "appointment_id")
    }

    @Test(arguments: [
        ("yyyy-MM-dd HH:mm[:ss]", "2026-11-03 09:05", "2026-11-3 9:5:0"),
        ("yyyy-MM-dd HH:mm[:ss]", "2026-11-03 09:05:07", "2026-11-3 9:5:7"),
        ("M/d/yyyy h:mm[:ss] a", "11/3/2026 12:05 AM", "2026-11-3 0:5:0"),
        ("M/d/yyyy h:mm[:ss] a", "1/13/2026 1:05 pm", "2026-1-13 13:5:0"),
        ("yyyyMMddHHmm[ss]", "202611030905", "2026-11-3 9:5:0"),
        ("dd.MM.yy", "03.11.26", "2026-11-3 - 0:0"),
        ("yyyy-MM-ddTHH:mmXXX", "2026-11-03T09:05-06:00", "2026-11-3 9:5:0 -21600"),
    ])
    func aPatternReadsWhatItDescribes(pattern: String, text: String, expected: String) throws {
        let known = try #require(TimePattern(pattern))
        let reading = try #require(known.read(text))
        let shown =
            "\(reading.year ?? 0)-\(reading.month ?? 0)-\(reading.day ?? 0) "
            + (reading.hour.map { "\($0):\(reading.minute):\(reading.second)" }
                ?? "- \(reading.minute):\(reading.second)")
            + (reading.offsetSeconds.map { " \($0)" } ?? "")
        #expect(shown == expected)
    }

    @Test(arguments: [
        ("yyyy-MM-dd HH:mm", "2026-11-03"), ("yyyy-MM-dd HH:mm", "2026-11-03 9:05"), ("M/d/yyyy", "11/3/26"),
        ("h:mm a", "13:00 PM"), ("yyyy-MM-dd", "2026-11-03x"),
    ])
    func whatIsWrittenOtherwiseIsNotRead(pattern: String, text: String) throws {
        let known = try #require(TimePattern(pattern))
        #expect(known.read(text) == nil)
    }

    @Test(arguments: ["yyy", "hello", "HH:mm]", "[HH:mm", "MMM"])
    func aPatternThatMeansNothingIsNone(pattern: String) { #expect(TimePattern(pattern) == nil) }
}

@Suite struct GoLiveTests {
    private func files(_ goLive: String) throws -> [String: String] {
        try Folder.changed("practices/demo.yaml", "zone: America/Chicago", "zone: America/Chicago\n\(goLive)")
    }

    @Test func aWorkflowGoesLiveAlone() throws {
        let one = try Definition(files: try files("go-live: {scheduling: 2026-12-01T00:00:00-06:00}"))
        let all = try Definition(files: try files("go-live: 2026-12-01T00:00:00-06:00"))
        let instant = Date(timeIntervalSince1970: 1_796_104_800)
        #expect(one.practices["demo"]?.goLive.of("scheduling") == instant)
        #expect(one.practices["demo"]?.goLive.of("billing") == nil)
        #expect(all.practices["demo"]?.goLive.of("scheduling") == instant)
        #expect(all.practices["demo"]?.goLive.of("billing") == instant)
        #expect(
            Folder.problems(try files("go-live: {sheduling: 2026-12-01T00:00:00-06:00}"))
                == ["practices/demo.yaml:5: unknown key \"sheduling\", did you mean \"scheduling\"?"])
    }
}

@Suite struct TapTests {
    private func files(_ tap: String) throws -> [String: String] {
        try Folder.changed("practices/demo.yaml", "destinations:", "taps:\n  - \(tap)\ndestinations:")
    }

    @Test func aTapIsNoFeedAndTakesWhatComesToItsPort() throws {
        let tap = "{tap: old, destination: demo-booking, profile: standard, port: 2599}"
        let definition = try Definition(files: try files(tap))
        #expect(definition.feeds["old"] == nil)
        #expect(definition.taps["old"]?.tapOf == "demo-booking")
        #expect(definition.ports == [2599])
        let message = try Message(Array("MSH|^~\\&|DEMOPM|X|||20261120||SIU^S12|1|P|2.5\rPID|1||7^^^A^MR\r".utf8))
        let tapped = definition.route(message, port: 2599, feedName: nil)
        #expect(tapped.feed == "old" && tapped.workflow == Route.parity && tapped.practice == "demo")
        let fed = definition.route(message, port: nil, feedName: nil)
        #expect(fed.feed == "demo-pm" && fed.workflow == "scheduling")
        #expect(tapped.keyMaterial == fed.keyMaterial)
    }

    @Test(arguments: [
        (
            "{tap: old, destination: demo-booking}",
            "practices/demo.yaml:18: a tap has a \"port\" or a \"folder\" of its own"
        ),
        (
            "{tap: old, destination: demo-boking, port: 2599}",
            "practices/demo.yaml:18: unknown destination \"demo-boking\", did you mean \"demo-booking\"?"
        ),
        (
            "{tap: demo-pm, destination: demo-booking, port: 2599}",
            "practices/demo.yaml:18: \"demo-pm\" is the name of another"
        ),
        ("{tap: old, port: 2599}", "practices/demo.yaml:18: \"destination\" is missing"),
    ])
    func aMistakeInATapIsToldWithItsLine(tap: String, problem: String) throws {
        #expect(Folder.problems(try files(tap)).contains(problem))
    }
}
