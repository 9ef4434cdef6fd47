import Foundation
import Practice
import Reconciliation
import Testing

struct PropertyTests {
    @Test("Every planted difference is found with its cause, and nothing else is", arguments: 1...20)
    func recallAndPrecision(seed: Int) async throws {
        let world = World(seed: UInt64(seed), size: 400)
        let (findings, counts) = try await world.run()
        let found = Dictionary(
            grouping: findings, by: \.reference
        ).mapValues { $0.map { Planted(code: $0.code, against: $0.against, cause: $0.cause) } }
        for (reference, planted) in world.planted {
            #expect(found[reference] == [planted], "\(reference)")
        }
        #expect(Set(found.keys).subtracting(world.planted.keys).isEmpty)
        #expect(world.planted.count > 60 && world.innocent > 60, "the world has both")
        #expect(counts.groups == counts.matched + counts.explained + counts.open + counts.withheld)
        #expect(counts.open == world.planted.count)
        #expect(counts.matched + counts.explained == world.innocent)
        #expect(counts.inPM == world.pm.count && counts.here == world.here.count && counts.inApp == world.app.count)
        #expect(counts.codes.values.reduce(0, +) == findings.count)
    }

    @Test("The twenty worlds plant every cause that a finding can have and give every explanation of a list")
    func worldsAreWhole() async throws {
        var causes: Set<Cause> = []
        var codes: Set<FindingCode> = []
        var explanations: Set<String> = []
        for seed in 1...20 {
            let (findings, counts) = try await World(seed: UInt64(seed), size: 400).run()
            causes.formUnion(findings.map(\.cause))
            codes.formUnion(findings.map(\.code))
            explanations.formUnion(counts.explanations.keys)
        }
        #expect(codes == Set(FindingCode.allCases))
        #expect(
            causes
                == Set(Cause.allCases).subtracting([
                    .changedSince, .inFlight, .unknown, .tooYoung, .feedSilent, .feedBehind, .listLacksDay,
                    .listRowUnread,
                ]))
        #expect(
            explanations
                == Set(Explanation.allCases.map(\.rawValue)).subtracting([
                    "outside-window", "before-go-live", "end-not-compared", "resource-not-compared",
                    "location-not-compared", "person-not-compared", "double-booking-not-compared",
                ]))
    }

    @Test(
        "Each group is settled once, and the settlements add up to the counts, whatever is withheld", arguments: 1...5)
    func settlements(seed: Int) async throws {
        var world = World(seed: UInt64(seed), size: 300)
        world.watermarks.feedIsSilent = seed.isMultiple(of: 2)
        var standings: [String: Int] = [:]
        var reasons: [String: Int] = [:]
        var members: Set<UUID> = []
        let scope = world.comparison.scope
        let counts = try await world.comparison.run(
            pm: EntryStream(world.pm.sorted { $0.key < $1.key }),
            here: EntryStream(world.here.sorted { $0.key < $1.key }),
            app: EntryStream(world.app.sorted { $0.key < $1.key }), others: { world.others[$0] ?? [] },
            evidence: { difference in
                if case .record(let id) = difference.group.key { return world.evidence[id] ?? Evidence() }
                return Evidence()
            },
            found: { _ in },
            settled: { settlement in
                standings[settlement.standing.rawValue, default: 0] += 1
                if settlement.standing == .withheld { reasons[settlement.reasons[0], default: 0] += 1 }
                members.insert(settlement.group.member(scope))
            })
        #expect(
            standings.filter { $0.value > 0 }
                == [
                    "matched": counts.matched, "explained": counts.explained, "open": counts.open,
                    "withheld": counts.withheld,
                ]
                .filter { $0.value > 0 })
        #expect(reasons == counts.withheldBecause && members.count == counts.groups)
        #expect((counts.withheld > 0) == seed.isMultiple(of: 2))
    }

    @Test(
        "A rerun finds the same keys, whatever order the lists came in, and no two findings share one", arguments: 1...5
    )
    func keys(seed: Int) async throws {
        var world = World(seed: UInt64(seed), size: 300)
        let first = try await world.run().findings
        world.pm.reverse()
        world.app.reverse()
        let second = try await world.run().findings
        #expect(first.map(\.key) == second.map(\.key))
        #expect(Set(first.map(\.key)).count == first.count)
        #expect(first.allSatisfy { $0.key.count == 32 })
    }

    @Test("A finding keeps its key when the appointment is moved, and has another under another client or secret")
    func keysAreOfTheRecord() async throws {
        var random = Seeded(seed: 5)
        var world = World()
        var entry = Entry(
            reference: "A1", person: "P", status: .booked, start: World.monday, end: World.monday + 600)
        entry.record = random.uuid()
        entry.version = 1
        world.plant(9, entry)
        let before = try await world.run().findings
        world.here[0].start = World.monday + 3600
        world.here[0].end = World.monday + 4200
        world.pm = world.here
        let after = try await world.run().findings
        #expect(before.count == 1 && before.map(\.key) == after.map(\.key))
        world.client = random.uuid()
        #expect(try await world.run().findings[0].key != before[0].key)
    }

    @Test("Mending the world empties the report")
    func mended() async throws {
        var world = World(seed: 3, size: 300)
        world.pm = world.here
        world.app = world.here
        world.others = [:]
        let (findings, counts) = try await world.run()
        #expect(findings.isEmpty && counts.open == 0 && counts.groups == world.here.count)
    }
}
