import ArgumentParser
import Foundation

/// The words that say which practice and which day.
struct ScriptOptions: ParsableArguments {
    @Option(help: "The number that everything follows from.")
    var seed: UInt64 = 1

    @Option(help: "The day that the history leads up to: 2026-12-01 or today, by the practice's clock.")
    var date = "today"

    @Option(help: "The practice's number, MSH-4.2; demo is 0001.")
    var practice = "demo"

    @Option(help: "The practice's time zone.")
    var zone = "America/Chicago"

    @Option(help: "Providers.")
    var providers = 3

    @Option(help: "Appointments on a full day.")
    var appointments = 36

    @Option(help: "NAME, NAME=SHARE or NAME=COUNT; repeat for more.")
    var fault: [String] = []

    @Option(help: "A preset of known differences: demo.")
    var plant: String?

    @Option(help: "Stop after so many messages.")
    var messages: Int?

    @Flag(help: "No oddities: every appointment with its id in SCH-2, no series, no groups.")
    var plain = false

    func validate() throws {
        _ = try premises(now: Date())
        _ = try doses()
        _ = try planting()
        guard messages ?? 0 >= 0 else { throw ValidationError("--messages takes a number from 0") }
    }

    /// With the clock of the practice's own day.
    func premises(now: Date) throws(SimulatorError) -> Premises {
        guard let timeZone = TimeZone(identifier: zone) else { throw .badZone(zone) }
        let day = date == "today" ? LocalTime(now, in: timeZone).day : LocalDay(date)
        guard let day else { throw .badDate(date) }
        return Premises(
            seed: seed, date: day, practice: practice == "demo" ? "0001" : practice, zone: timeZone,
            providers: providers, appointmentsADay: appointments, habits: plain ? .plain : Habits())
    }

    func doses() throws(SimulatorError) -> [FaultDose] {
        var doses: [FaultDose] = []
        for text in fault { doses.append(try FaultDose(parsing: text)) }
        return doses
    }

    func planting() throws(SimulatorError) -> Planting { try Planting(parsing: plant) }

    /// The feed as `script` and `list` show it: to the end of the day, or as many messages as asked for.
    func feed(now: Date) throws -> (feed: Feed, count: Int) {
        let premises = try premises(now: now)
        let feed = Feed(premises, faults: try doses(), planting: try planting())
        return (feed, messages ?? Script(premises).day().count)
    }
}
