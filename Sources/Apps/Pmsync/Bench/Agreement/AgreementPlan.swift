import Foundation
import PracticeSimulator
import Workflow

/// What a season is made of, and the definitions that its practices work by.
struct AgreementPlan: Sendable {
    var seed: UInt64
    var days: Int
    var practices: Int
    var providers: Int
    /// Of each practice, on a full day.
    var appointments: Int
    /// Of the changes that could carry a fault, how many do.
    var share: Double

    init(
        seed: UInt64 = 1, days: Int = 30, practices: Int = 3, providers: Int = 20, appointments: Int = 380,
        share: Double = 0.02
    ) {
        self.seed = seed
        self.days = days
        self.practices = practices
        self.providers = providers
        self.appointments = appointments
        self.share = share
    }

    /// A Monday; the night on which the clocks go back is the fourteenth after it.
    static let first = LocalDay(year: 2026, month: 10, day: 19)
    private static let zones = ["America/Chicago", "America/Denver", "America/New_York"]

    /// The names of the practices in the definitions, by MSH-4.2.
    var names: [(number: String, name: String)] {
        (1...practices).map { ("000\($0)", "season-\($0)") }
    }

    func zone(_ index: Int) -> TimeZone { TimeZone(identifier: Self.zones[index % Self.zones.count]) ?? .gmt }

    var season: Season {
        var habits = Habits()
        habits.waitList = 0.01
        habits.checksOut = 0.3
        let all = names.enumerated().map { index, practice in
            var premises = Premises(
                seed: seed, date: Self.first, practice: practice.number, zone: zone(index), providers: providers,
                appointmentsADay: appointments, habits: habits)
            premises.facility = "Season Clinics"
            premises.loadsHistory = true
            premises.loadsByFile = index % 2 == 1
            premises.hasOldFeed = index == 0
            return premises
        }
        return Season(all, share: share, last: Self.first.adding(days: max(0, days - 2)))
    }

    /// The shipped folder with the season's practices, their providers and places. `lists` is where the PMs' lists are.
    func definitions(_ shipped: [String: String], lists: String) -> [String: String] {
        var files = shipped
        var resources: [String] = []
        var places: [String] = []
        for (index, practice) in names.enumerated() {
            let zone = zone(index)
            let goLive = LocalTime(Self.first, minute: 0).instant(in: zone)
            files["practices/\(practice.name).yaml"] = """
                practice: \(practice.name)
                enterprise: \(practice.name)
                name: Season clinic \(index + 1)
                zone: \(zone.identifier)
                go-live: \(goLive.formatted(.iso8601))
                hours: {mon-fri: "07:30-18:00"}
                feeds:
                  - {feed: season-pm, profile: nextgen-rosetta, sender: NextGen Rosetta, facility: Season Clinics, practice-value: "\(practice.number)"}
                destinations:
                  - {name: booking, mode: live}
                \(index == 0 ? Self.shadow(lists, practice.number) : "")
                reconcile:
                  pm: {csv: \(lists)/\(practice.name).csv}

                """
            for provider in 0..<providers {
                resources.append(
                    "\(1001 + provider),practitioner,Season Provider \(index + 1)-\(provider + 1),,,,\(practice.name),,"
                )
            }
            resources.append("ROOM-G,location,Group room,,,8,\(practice.name),,")
            places += ["MAIN,Main office,,\(practice.name),,", "EAST,East office,,\(practice.name),,"]
        }
        files["tables/resources.csv", default: ""] += resources.joined(separator: "\n") + "\n"
        files["tables/locations.csv", default: ""] += places.joined(separator: "\n") + "\n"
        return files
    }

    /// A second app of the first practice, which another interface still serves: for a day in shadow beside its tap.
    static let shadowed = "portal"
    static let tap = "season-tap"

    private static func shadow(_ lists: String, _ number: String) -> String {
        """
          - {name: \(shadowed), mode: shadow}
        taps:
          - {tap: \(tap), destination: \(shadowed), profile: nextgen-rosetta, folder: \(lists)/tap, practice-value: "\(number)"}
        """
    }

    /// The moments of each day at which something is done, from the first morning on, by the clock of the first practice.
    func at(_ day: Int, _ hour: Double) -> Date {
        LocalTime(Self.first.adding(days: day), minute: Int(hour * 60)).instant(in: zone(0))
    }
}
