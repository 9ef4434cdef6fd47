import Foundation
import Practice
import Testing

struct PracticeTimeTests {
    static let denver = PracticeTime(zoneNamed: "America/Denver")!
    static let zones = [
        "America/Denver", "America/New_York", "America/Phoenix", "America/Havana", "America/Sao_Paulo",
        "America/Asuncion", "America/Santiago", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "Asia/Gaza",
        "Africa/Cairo", "Africa/Casablanca", "Australia/Lord_Howe", "Europe/London", "Europe/Dublin",
        "Pacific/Apia", "Pacific/Chatham", "Pacific/Honolulu", "Antarctica/Troll", "UTC",
    ]

    static func instant(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    static func wall(_ day: String, _ hour: Int, _ minute: Int) throws -> WallTime {
        let day = try #require(Day(day))
        return try #require(
            WallTime(year: day.year, month: day.month, day: day.day, hour: hour, minute: minute))
    }

    @Test(
        "A wall time that came twice takes the reading nearest to receipt and says so",
        arguments: [
            ("2026-10-20T12:00:00Z", "2026-11-01T07:30:00Z"),  // long before: the first
            ("2026-11-01T07:29:00Z", "2026-11-01T07:30:00Z"),
            ("2026-11-01T08:00:00Z", "2026-11-01T07:30:00Z"),  // as near to both: the first
            ("2026-11-01T08:00:01Z", "2026-11-01T08:30:00Z"),
            ("2026-11-03T12:00:00Z", "2026-11-01T08:30:00Z"),  // long after: the second
        ])
    func ambiguous(receipt: String, expected: String) throws {
        let reading = Self.denver.reading(of: try Self.wall("2026-11-01", 1, 30), receipt: try Self.instant(receipt))
        #expect(reading.instant == (try Self.instant(expected)))
        #expect(reading.flag == .ambiguousTime)
    }

    @Test("A wall time that never was moves forward by the gap and says so")
    func missing() throws {
        let receipt = try Self.instant("2026-03-01T00:00:00Z")
        let reading = Self.denver.reading(of: try Self.wall("2026-03-08", 2, 30), receipt: receipt)
        #expect(reading.instant == (try Self.instant("2026-03-08T09:30:00Z")))
        #expect(reading.flag == .missingTime)
        #expect(Self.denver.text(reading.instant) == "2026-03-08T03:30:00-06:00")
        let after = Self.denver.reading(of: try Self.wall("2026-03-08", 3, 0), receipt: receipt)
        #expect(after.flag == nil && Self.denver.text(after.instant) == "2026-03-08T03:00:00-06:00")
    }

    @Test("Lord Howe's half-hour change is ambiguous and missing for half an hour")
    func halfHour() throws {
        let lordHowe = try #require(PracticeTime(zoneNamed: "Australia/Lord_Howe"))
        let receipt = try Self.instant("2026-01-01T00:00:00Z")
        let twice = lordHowe.reading(of: try Self.wall("2026-04-05", 1, 45), receipt: receipt)
        #expect(twice.flag == .ambiguousTime && lordHowe.text(twice.instant) == "2026-04-05T01:45:00+11:00")
        #expect(lordHowe.reading(of: try Self.wall("2026-04-05", 1, 29), receipt: receipt).flag == nil)
        let never = lordHowe.reading(of: try Self.wall("2026-10-04", 2, 15), receipt: receipt)
        #expect(never.flag == .missingTime && lordHowe.text(never.instant) == "2026-10-04T02:45:00+11:00")
    }

    @Test("An offset that the sender wrote wins, even in the hour that came twice")
    func offsetWins() throws {
        let receipt = try Self.instant("2026-10-20T12:00:00Z")
        let wall = try Self.wall("2026-11-01", 1, 30)
        let reading = Self.denver.reading(of: wall, offsetSeconds: -7 * 3600, receipt: receipt)
        #expect(reading.instant == (try Self.instant("2026-11-01T08:30:00Z")) && reading.flag == nil)
        let east = Self.denver.reading(of: wall, offsetSeconds: 5 * 3600 + 1800, receipt: receipt)
        #expect(east.instant == (try Self.instant("2026-10-31T20:00:00Z")))
    }

    @Test(
        "An instant's day is the practice's, not the server's",
        arguments: [
            ("America/Denver", "2026-11-02T06:59:59Z", "2026-11-01"),
            ("America/Denver", "2026-11-02T07:00:00Z", "2026-11-02"),
            ("Asia/Kolkata", "2026-11-01T18:30:00Z", "2026-11-02"),
            ("Pacific/Honolulu", "2026-11-02T09:59:00Z", "2026-11-01"),
        ])
    func days(zone: String, instant: String, day: String) throws {
        #expect(try #require(PracticeTime(zoneNamed: zone)).day(of: Self.instant(instant)).description == day)
    }

    @Test(
        "A day begins at its first instant, also where midnight is skipped or comes twice",
        arguments: [
            ("America/Denver", "2026-11-01", "2026-11-01T06:00:00Z", 25.0),
            ("America/Denver", "2026-03-08", "2026-03-08T07:00:00Z", 23.0),
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23.0),  // 00:00 is skipped
            ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25.0),  // 00:00 comes twice
            ("Asia/Kolkata", "2026-11-01", "2026-10-31T18:30:00Z", 24.0),
        ])
    func bounds(zone: String, day: String, start: String, hours: Double) throws {
        let time = try #require(PracticeTime(zoneNamed: zone))
        let day = try #require(Day(day))
        #expect(time.start(of: day) == (try Self.instant(start)))
        #expect(time.end(of: day).timeIntervalSince(time.start(of: day)) == hours * 3600)
    }

    @Test("Every wall time has the readings that a walk through all minutes finds", arguments: zones)
    func readingsAreThoseOfAWalk(zone: String) throws {
        let time = try #require(PracticeTime(zoneNamed: zone))
        for year in [2012, 2018, 2026, 2031] {
            for change in Self.changes(of: time.zone, in: year) {
                // Four hours either side of the change, every five minutes of it.
                var shown: [WallTime: [Date]] = [:]
                for step in -48...48 {
                    let instant = change.addingTimeInterval(Double(step) * 300)
                    shown[time.wall(at: instant), default: []].append(instant)
                }
                for (wall, instants) in shown {
                    for receipt in instants {
                        let reading = time.reading(of: wall, receipt: receipt)
                        #expect(reading.instant == receipt, "\(zone) \(wall)")
                        #expect(reading.flag == (instants.count == 2 ? .ambiguousTime : nil), "\(zone) \(wall)")
                    }
                }
                let gap = Self.gap(at: change, in: time.zone)
                guard gap > 0, gap < 86_400 else { continue }
                let last = time.wall(at: change.addingTimeInterval(-60))
                let skipped = time.reading(of: Self.later(last, seconds: 60), receipt: change)
                #expect(skipped.flag == .missingTime && skipped.instant == change, "\(zone) \(last)")
            }
        }
    }

    @Test("A day holds exactly the instants whose day it is", arguments: zones)
    func daysHoldTheirInstants(zone: String) throws {
        let time = try #require(PracticeTime(zoneNamed: zone))
        var generator = Seeded(seed: 20)
        for _ in 0..<2000 {
            let instant = Date(
                timeIntervalSince1970: Double(Int.random(in: 1_325_376_000...2_000_000_000, using: &generator)))
            let day = time.day(of: instant)
            #expect(time.start(of: day) <= instant && instant < time.end(of: day), "\(zone) \(instant)")
            #expect(try Date(time.text(instant), strategy: .iso8601) == instant)
        }
    }

    @Test("A name that is no zone and a day that is none are refused")
    func refused() {
        #expect(PracticeTime(zoneNamed: "Denver") == nil)
        #expect(Day("2026-02-29") == nil && Day("2028-02-29") != nil && Day("2026-1-01") == nil)
        #expect(WallTime(year: 2026, month: 11, day: 1, hour: 24) == nil)
        #expect(Day("2026-12-31")?.adding(days: 1).description == "2027-01-01")
    }

    // MARK: An independent view of a zone: its offsets, hour by hour

    static func changes(of zone: TimeZone, in year: Int) -> [Date] {
        let start = Int(Date(timeIntervalSince1970: 0).timeIntervalSince1970) + (year - 1970) * 31_556_952
        func offset(_ second: Int) -> Int { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))) }
        return stride(from: start / 900 * 900, to: start + 31_556_952, by: 900)
            .filter { offset($0 - 1) != offset($0) }
            .map { Date(timeIntervalSince1970: Double($0)) }
    }

    static func gap(at change: Date, in zone: TimeZone) -> Int {
        zone.secondsFromGMT(for: change) - zone.secondsFromGMT(for: change.addingTimeInterval(-1))
    }

    static func later(_ wall: WallTime, seconds: Int) -> WallTime {
        let utc = PracticeTime(zone: .gmt)
        return utc.wall(at: utc.reading(of: wall, receipt: .distantPast).instant.addingTimeInterval(Double(seconds)))
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
