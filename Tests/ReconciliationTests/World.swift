import Foundation
import Practice
import Reconciliation

/// SplitMix64: the same numbers for the same seed everywhere.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
    mutating func uuid() -> UUID {
        let (a, b) = (next(), next())
        func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let all = bytes(a) + bytes(b)
        return UUID(
            uuid: (
                all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7], all[8], all[9], all[10], all[11],
                all[12], all[13], all[14], all[15]
            ))
    }
}

/// What is expected of one planted difference.
struct Planted: Hashable {
    let code: FindingCode
    let against: SideName
    let cause: Cause
}

/// Three lists of one practice that agree but for what was planted, beside innocent oddities.
struct World {
    static let time = PracticeTime(zoneNamed: "America/Denver")!
    static let monday = time.start(of: Day("2026-11-02")!)
    static let now = monday.addingTimeInterval(3 * 86_400)

    var pm: [Entry] = []
    var here: [Entry] = []
    var app: [Entry] = []
    var evidence: [UUID: Evidence] = [:]
    var others: [UUID: [Entry]] = [:]
    static let client = UUID(uuidString: "C0000000-0000-4000-8000-000000000009")!
    /// By the reference that every side's entry of one appointment begins with.
    var planted: [String: Planted] = [:]
    var innocent = 0
    var watermarks = Watermarks(
        feed: now.addingTimeInterval(-600), pm: now.addingTimeInterval(-900), app: now.addingTimeInterval(-60))
    var client = UUID(uuidString: "C0000000-0000-4000-8000-000000000001")!

    init() {}

    /// `size` appointments, about a third with something planted or odd.
    init(seed: UInt64, size: Int) {
        var random = Seeded(seed: seed)
        for number in 0..<size {
            let start = World.monday.addingTimeInterval(Double(number % 480) * 1800)
            var entry = Entry(
                reference: "A\(number)", person: "P\(number)", status: .booked, start: start,
                end: start.addingTimeInterval(1200))
            entry.record = random.uuid()
            entry.resource = ["DRX", "DRY", "ROOM1"].randomElement(using: &random)
            entry.location = ["MAIN", "WEST"].randomElement(using: &random)
            entry.version = Int.random(in: 1...4, using: &random)
            entry.changedAt = World.now.addingTimeInterval(-86_400)
            plant(Int.random(in: 0..<60, using: &random), entry)
        }
        pm.shuffle(using: &random)
        app.shuffle(using: &random)
    }

    mutating func plant(_ kind: Int, _ entry: Entry) {
        let record = entry.record!
        var pm = [entry]
        var here: Entry? = entry
        var app = [entry]
        pm[0].changedAt = nil
        var known = Evidence()
        known.delivery = World.delivery(.delivered, version: entry.version!)
        func expect(_ code: FindingCode, _ against: SideName, _ cause: Cause) {
            planted[entry.reference] = Planted(code: code, against: against, cause: cause)
        }
        innocent += 1
        switch kind {
        case 0:  // the PM never sent it
            here = nil
            app = []
            pm[0].record = nil
            known = Evidence()
            expect(.missingHere, .pm, .neverSent)
        case 1:  // it came, and its code is in no table
            here = nil
            app = []
            known.parked = .init(code: "unmapped-status", receivedOn: nil, entry: 7)
            expect(.missingHere, .pm, .receivedAndUnmapped)
        case 2:  // the cancellation never came
            pm[0].status = .cancelled
            expect(.statusDiffers, .pm, .neverSent)
        case 3:  // the PM has dropped it
            pm = []
            expect(.missingInPM, .pm, .neverSent)
        case 4:  // moved in the PM, and the message is parked
            pm[0].start = entry.start!.addingTimeInterval(7200)
            pm[0].end = entry.end!.addingTimeInterval(7200)
            known.parked = .init(code: "ambiguous-appointment", receivedOn: nil, entry: 9)
            expect(.timeDiffers, .pm, .parked)
        case 5:
            pm[0].resource = "OTHER"
            expect(.resourceDiffers, .pm, .neverSent)
        case 6:
            pm.append(pm[0])
            pm[1].reference += "-again"
            expect(.duplicateInPM, .pm, .neverSent)
        case 7:  // sent four times, no answer
            app = []
            known.delivery = World.delivery(.pending, attempts: 4, version: entry.version!)
            expect(.missingInApp, .app, .sentAndUnanswered)
        case 8:  // they said 422
            app = []
            known.delivery = World.delivery(.pending, attempts: 1, status: 422, version: entry.version!)
            expect(.missingInApp, .app, .refused)
        case 9:  // we never told them
            app = []
            known.delivery = nil
            expect(.missingInApp, .app, .neverSent)
        case 10:  // moved in the app
            app[0].start = entry.start!.addingTimeInterval(-3600)
            app[0].end = entry.end!.addingTimeInterval(-3600)
            app[0].changedAt = World.now.addingTimeInterval(-3600)
            known.delivery = World.delivery(.delivered, version: entry.version!)
            expect(.timeDiffers, .app, .overwrittenThere)
        case 11:  // the app still shows the cancelled one, and took our notice of it
            pm[0].status = .cancelled
            here?.status = .cancelled
            app[0].changedAt = World.now.addingTimeInterval(-90_000)
            expect(.statusDiffers, .app, .takenAndNotDone)
        case 12:  // they have an older version: the notice of ours was never made
            app[0].status = .pending
            known.delivery = World.delivery(.delivered, version: entry.version! - 1)
            expect(.statusDiffers, .app, .neverSent)
        case 13:
            app.append(entry)
            app[1].reference += "-again"
            expect(.duplicateInApp, .app, .madeThere)
        case 14:  // booked in the app alone
            pm = []
            here = nil
            app[0].record = nil
            expect(.extraInApp, .app, .madeThere)
        case 15:
            app[0].resource = "OTHER"
            app[0].changedAt = nil
            expect(.resourceDiffers, .app, .overwrittenThere)
        case 16:
            pm[0].location = "ANNEX"
            expect(.locationDiffers, .pm, .neverSent)
        case 17:
            app[0].person = "P-another"
            app[0].changedAt = nil
            expect(.personDiffers, .app, .overwrittenThere)
        case 18:  // the PM has two at one time, and no flag of overbooking
            var other = entry
            other.record = World.client
            other.reference += "-other"
            others[record] = [other]
            expect(.doubleBooked, .pm, .bothTold)
        case 19:  // told twice of one appointment, and kept twice
            app[0].bearsOurID = true
            app.append(app[0])
            app[1].reference += "-again"
            expect(.duplicateInApp, .app, .takenTwice)
        case 32:  // a message came, and a person let it go
            here = nil
            app = []
            known.isLetGo = true
            expect(.missingHere, .pm, .letGo)
        case 33:  // two numbers of the PM, and messages named both as one
            pm.append(pm[0])
            pm[1].reference += "-again"
            known.surplusIsTold = true
            expect(.duplicateInPM, .pm, .bothTold)
        case 34:  // a person let go a message of a moved appointment
            pm[0].start = entry.start!.addingTimeInterval(3600)
            pm[0].end = entry.end!.addingTimeInterval(3600)
            known.isLetGo = true
            expect(.timeDiffers, .pm, .letGo)
        case 35:  // refused, in their words
            app = []
            known.delivery = .init(
                state: .discarded, attempts: 1, status: 409, answer: "slot-taken", version: entry.version!,
                at: World.now - 80_000)
            expect(.missingInApp, .app, .refused)
        default:
            odd(kind, &pm, &here, &app, &known)
        }
        if planted[entry.reference] != nil { innocent -= 1 }
        self.pm += pm
        if let here { self.here.append(here) }
        self.app += app
        evidence[record] = known
    }

    /// What looks odd and is none of anybody's fault.
    private func odd(
        _ kind: Int, _ pm: inout [Entry], _ here: inout Entry?, _ app: inout [Entry], _ known: inout Evidence
    ) {
        switch kind {
        case 56:  // a wish, which the PM has taken off its list
            here?.status = .waitlist
            app[0].status = .waitlist
            pm = []
        case 57:  // loaded before going live: the app was not told
            app = []
            known.delivery = nil
            known.isLoadedOnly = true
        case 20:  // a block
            for index in pm.indices { pm[index].person = "" }
            here?.person = ""
            app = []
        case 21:  // arrived here, fulfilled there
            pm[0].status = .fulfilled
            here?.status = .arrived
            app[0].status = .checkedIn
        case 22:  // cancelled, and two lists leave it out
            here?.status = .cancelled
            pm = []
            app = []
        case 23:  // deleted here, cancelled there
            here?.status = .enteredInError
            pm[0].status = .cancelled
            app[0].status = .cancelled
            app[0].start = nil
        case 24:  // no-show by rule, not by word
            here?.status = .noshow
            here?.isStatusDerived = true
            app[0].status = .noshow
        case 25:  // changed a minute ago: nobody has heard yet
            here?.changedAt = World.now.addingTimeInterval(-60)
            pm[0].status = .cancelled
            here?.status = .cancelled
        case 26:  // changed after the PM's list was made
            here?.changedAt = World.now.addingTimeInterval(-880)
            here?.status = .cancelled
            app[0].status = .cancelled
        case 27:  // a list that keeps no seconds
            app[0].start = app[0].start?.addingTimeInterval(40)
        case 28:  // a word in no table
            pm[0].status = nil
            pm[0].sourceStatus = "LEFT AMA"
        case 29:  // a notice that has not had its first attempt
            app = []
            known.delivery = World.delivery(.pending, version: 1)
        case 30:  // the app does not say who is booked
            app[0].resource = nil
        case 31:  // a destination in shadow is told of nothing
            app = []
            known.isNotLive = true
        case 36:  // the word that the patient came was a day late, and the list shows the midnight's no-show
            here?.status = .arrived
            here?.changedAt = World.now.addingTimeInterval(-4000)
            here?.start = World.monday + 30_000
            here?.end = World.monday + 31_200
            pm[0].status = .noshow
            pm[0].isStatusDerived = true
            pm[0].start = here?.start
            pm[0].end = here?.end
            app[0] = here!
        case 37:  // the PM shows a chain as one
            pm = []
            here?.isPartOfVisit = true
        case 38:  // we have the chain as one
            here = nil
            app = []
            pm[0].record = nil
            pm[0].isPartOfVisit = true
        case 39:  // a chart number that no message has brought yet
            pm[0].person = "90017"
            pm[0].isPersonKnown = false
        case 40:  // a booking app has numbers of its own for patients
            app[0].person = "u-77"
            app[0].isPersonKnown = false
        case 41:  // the app's start is four minutes off, which the practice bears
            app[0].start = app[0].start?.addingTimeInterval(240)
        case 42:  // and its end ten
            app[0].end = app[0].end?.addingTimeInterval(600)
        default: break
        }
    }

    static func delivery(
        _ state: Evidence.Delivery.State, attempts: Int = 0, status: Int? = nil, version: Int
    ) -> Evidence.Delivery {
        .init(state: state, attempts: attempts, status: status, version: version, at: now.addingTimeInterval(-80_000))
    }

    var rules: Rules = {
        var rules = Rules()
        (rules.startTolerance, rules.endTolerance) = (300, 900)
        return rules
    }()

    var comparison: Comparison {
        Comparison(
            Scope(practice: "demo", client: client, secret: [1, 2, 3]),
            window: World.monday..<World.monday.addingTimeInterval(10 * 86_400), rules: rules, watermarks: watermarks,
            time: World.time, now: World.now)
    }

    func run() async throws -> (findings: [Finding], counts: Comparison.Counts) {
        var findings: [Finding] = []
        let counts = try await comparison.run(
            pm: EntryStream(pm.sorted { $0.key < $1.key }), here: EntryStream(here.sorted { $0.key < $1.key }),
            app: EntryStream(app.sorted { $0.key < $1.key }), others: { others[$0] ?? [] },
            evidence: { difference in
                if case .record(let id) = difference.group.key { return evidence[id] ?? Evidence() }
                return Evidence()
            },
            found: { findings.append($0) })
        return (findings, counts)
    }
}

extension Finding {
    /// What the planted are known by.
    var reference: String {
        let all = sides.pm + [sides.here].compactMap { $0 } + sides.app
        return String(all[0].reference.split(separator: "-")[0])
    }
}
