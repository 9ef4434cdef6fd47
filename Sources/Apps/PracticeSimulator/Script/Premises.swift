package import Foundation

/// How often the practice does what real ones do though no standard says so; shares from 0 to 1. None is a fault:
/// a receiver that knows its PM sees no difference.
package struct Habits: Sendable, Codable, Equatable {
    /// SCH-1 and SCH-2 both empty.
    package var withoutIDs = 0.06
    /// SCH-1 in the booking, SCH-2 later.
    package var tradedIDs = 0.04
    package var chartAtFirstVisit = 0.12
    package var twiceADay = 0.06
    package var series = 0.03
    package var group = 0.015
    /// A move that is a cancellation and a new booking.
    package var movedUnderNewID = 0.12
    package var comesAfterNoShow = 0.2
    package var checkInUndone = 0.02
    /// CR LF within the frame.
    package var lineEnds = 0.02
    /// Bookings that are a chain of three.
    package var chain = 0.02
    package var overbooked = 0.015
    package var waitList = 0.0
    /// Of those whom nobody marked, who were there all the same.
    package var keptNextDay = 0.2
    /// Of a day: a provider does not come.
    package var sickDay = 0.1
    /// Of those who came, whose leaving is told as well.
    package var checksOut = 1.0

    package init() {}

    /// Nothing odd, every appointment with its id in SCH-2.
    package static var plain: Habits {
        var habits = Habits()
        habits.withoutIDs = 0
        habits.tradedIDs = 0
        habits.chartAtFirstVisit = 0
        habits.twiceADay = 0
        habits.series = 0
        habits.group = 0
        habits.movedUnderNewID = 0
        habits.comesAfterNoShow = 0
        habits.checkInUndone = 0
        habits.lineEnds = 0
        habits.chain = 0
        habits.overbooked = 0
        habits.waitList = 0
        habits.keptNextDay = 0
        habits.sickDay = 0
        return habits
    }
}

/// Everything that a script follows from.
package struct Premises: Sendable, Equatable {
    package var seed: UInt64
    /// The day that the history leads up to.
    package var date: LocalDay
    /// MSH-4.2.
    package var practice: String
    package var zone: TimeZone
    package var providers: Int
    package var appointmentsADay: Int
    package var habits: Habits
    package var clock: ScriptClock
    /// MSH-4.1.
    package var facility = "Demo Family Practice"
    /// Whether the history is an initial load, sent with MSH-11.2 = I.
    package var loadsHistory = false
    /// Whether that load is a file and no messages.
    package var loadsByFile = false
    /// Whether the interface that is replaced still tells beside the new one.
    package var hasOldFeed = false

    package init(
        seed: UInt64, date: LocalDay, practice: String = "0001",
        zone: TimeZone = TimeZone(identifier: "America/Chicago") ?? .gmt, providers: Int = 3,
        appointmentsADay: Int = 36, habits: Habits = Habits(), clock: ScriptClock = .day
    ) {
        self.seed = seed
        self.date = date
        self.practice = practice
        self.zone = zone
        self.providers = max(1, providers)
        self.appointmentsADay = max(1, appointmentsADay)
        self.habits = habits
        self.clock = clock
    }

    /// Four digits that keep the numbers of two scripts (seed, day, practice) apart in one database.
    var base: Int {
        var dice = Dice(seed: seed, purpose: "base \(practice) \(date)")
        return 1000 + dice.below(9000)
    }
}

/// What the PM's clock shows in MSH-7 once the history is told.
package enum ScriptClock: Sendable, Equatable {
    /// The practice's own day, from 7:30 on; patients come at their times.
    case day
    /// The world's: step `from` of the live part happens at `instant`, each further one `pace` seconds later. The day's
    /// patients come in the order of their times, faster than the clock, so that a trial needs no whole day. A start
    /// after a pause adds an anchor; anchors are in order.
    case now(anchors: [Anchor])

    package struct Anchor: Sendable, Equatable, Codable {
        package var from: Int
        package var instant: Date
        package var pace: Double

        package init(from: Int, instant: Date, pace: Double) {
            self.from = from
            self.instant = instant
            self.pace = pace
        }
    }
}

/// A provider, with the place where they work. The first three and their place are those of the demo's tables.
struct Provider: Sendable, Equatable {
    let code: String
    let family: String
    let given: String
    let location: String

    static func all(_ count: Int) -> [Provider] {
        let demo = [("EXAMPLE", "ADA"), ("EXAMPLE", "BEN"), ("EXAMPLE", "CLEO")]
        return (0..<count).map { index in
            let (family, given) = index < demo.count ? demo[index] : ("ZZPROVIDER", "NUMBER \(index + 1)")
            return Provider(
                code: "\(1001 + index)", family: family, given: given, location: index < demo.count ? "MAIN" : "EAST")
        }
    }

    static let groupRoom = "ROOM-G"
}

/// A kind of visit; NextGen's *event*.
struct VisitType: Sendable, Equatable {
    let code: String
    let minutes: Int
    let weight: Int

    static let all = [
        VisitType(code: "OVF", minutes: 20, weight: 50), VisitType(code: "NPV", minutes: 40, weight: 14),
        VisitType(code: "PHY", minutes: 40, weight: 12), VisitType(code: "NUR", minutes: 20, weight: 24),
    ]
    static let group = VisitType(code: "GRP", minutes: 60, weight: 0)
    static let blocked = VisitType(code: "MTG", minutes: 60, weight: 0)
}
