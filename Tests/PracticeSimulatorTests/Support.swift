import Foundation
import Logging

@testable import PracticeSimulator

let firstOfDecember = LocalDay(year: 2026, month: 12, day: 1)

func premises(
    seed: UInt64 = 7, appointments: Int = 24, habits: Habits = Habits(), clock: ScriptClock = .day
) -> Premises {
    Premises(
        seed: seed, date: firstOfDecember, providers: 3, appointmentsADay: appointments, habits: habits, clock: clock)
}

/// Everything odd, often.
var oddHabits: Habits {
    var habits = Habits()
    habits.withoutIDs = 0.15
    habits.tradedIDs = 0.15
    habits.chartAtFirstVisit = 0.3
    habits.twiceADay = 0.15
    habits.series = 0.06
    habits.group = 0.05
    habits.movedUnderNewID = 0.4
    habits.comesAfterNoShow = 0.5
    habits.checkInUndone = 0.2
    habits.lineEnds = 0.2
    habits.chain = 0.05
    habits.overbooked = 0.05
    habits.waitList = 0.08
    habits.keptNextDay = 0.5
    habits.sickDay = 0.6
    return habits
}

func deliveries(of feed: Feed, _ count: Int) -> [Delivery] {
    var feed = feed
    return (0..<count).compactMap { _ in feed.next() }
}

/// A folder that is gone when the body ends.
func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("practice-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
