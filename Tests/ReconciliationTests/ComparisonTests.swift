import Foundation
import Practice
import Reconciliation
import Testing

struct ComparisonTests {
    static func entry(_ reference: String, start: Date = World.monday, record: UUID? = nil) -> Entry {
        var entry = Entry(reference: reference, person: "P", status: .booked, start: start, end: start + 1200)
        entry.record = record
        entry.version = 1
        entry.changedAt = World.now - 86_400
        return entry
    }

    @Test("What the PM never sent is found against the PM with the feed's watermark, though app and record agree")
    func neverSent() async throws {
        var world = World()
        world.pm = [Self.entry("4711")]
        let findings = try await world.run().findings
        #expect(findings.map(\.code) == [.missingHere])
        #expect(findings.map(\.cause) == [.neverSent])
        #expect(findings.map(\.act) == [.resendFromPM])
        #expect(findings[0].watermark == world.watermarks.feed && !findings[0].isWithheld)
        #expect(findings[0].day?.description == "2026-11-02" && findings[0].client == nil)
    }

    @Test("What hangs on a feed that is silent, unheard or far behind is withheld, and what does not is not")
    func withheld() async throws {
        var random = Seeded(seed: 1)
        for feed in [
            Watermarks(feed: World.now - 600, feedIsSilent: true, pm: World.now - 900, app: World.now),
            Watermarks(feed: nil, pm: World.now - 900, app: World.now),
            Watermarks(feed: World.now - 86_400, pm: World.now - 900, app: World.now),
        ] {
            var world = World()
            world.watermarks = feed
            let here = Self.entry("1", record: random.uuid())
            world.pm = [Self.entry("4711"), here]
            world.here = [here]
            world.app = [Self.entry("9", start: World.monday + 7200)]
            let (findings, counts) = try await world.run()
            #expect(Set(findings.map(\.code)) == [.missingHere, .extraInApp, .missingInApp])
            for finding in findings { #expect(finding.isWithheld == (finding.code != .missingInApp)) }
            #expect(counts.withheld == 2 && counts.open == 1 && counts.groups == 3)
        }
    }

    @Test("A feed that has rested no open hour is not behind, however long by the clock")
    func weekend() async throws {
        var world = World()
        world.watermarks = Watermarks(feed: World.now - 60 * 3600, pm: World.now - 900, app: World.now)
        world.pm = [Self.entry("4711")]
        #expect(try await world.run().findings.map(\.cause) == [.feedBehind])
        world.watermarks.feedRested = 1800
        #expect(try await world.run().findings.map(\.cause) == [.neverSent])
    }

    @Test("One cancelled of a series of six is one finding, and the five others agree")
    func series() async throws {
        var random = Seeded(seed: 2)
        var world = World()
        for week in 0..<6 {
            let entry = Self.entry(
                "S\(week)", start: World.monday + Double(week) * 86_400, record: random.uuid())
            world.here.append(entry)
            world.pm.append(entry)
            world.app.append(entry)
        }
        world.pm[2].status = .cancelled
        let (findings, counts) = try await world.run()
        #expect(findings.map(\.code) == [.statusDiffers] && findings[0].record == world.here[2].record)
        #expect(counts.matched == 5 && counts.open == 1)
    }

    @Test("What moved over the window's edge finds its match; what no side has inside is not compared")
    func edges() async throws {
        var random = Seeded(seed: 3)
        let moved = Self.entry("M", start: World.monday - 3600, record: random.uuid())
        var world = World()
        world.here = [moved]
        world.pm = [moved]
        world.app = [moved]
        let outside = try await world.run()
        #expect(outside.findings.isEmpty && outside.counts.groups == 0)
        #expect(outside.counts.explanations == ["outside-window": 1])

        world.pm[0].start = World.monday + 3600
        world.pm[0].end = World.monday + 4800
        #expect(try await world.run().findings.map(\.code) == [.timeDiffers])

        var found: [FindingCode] = []
        _ = try await world.comparison.run(
            pm: EntryStream(world.pm), here: EntryStream([]), app: nil, outside: { $0 == moved.record ? moved : nil },
            evidence: { _ in Evidence() }, found: { found.append($0.code) })
        #expect(found == [.timeDiffers])
    }

    @Test("A side without a list is not compared, rather than found empty")
    func absentSide() async throws {
        var random = Seeded(seed: 4)
        let entry = Self.entry("1", record: random.uuid())
        var found: [Finding] = []
        let counts = try await World().comparison.run(
            pm: nil, here: EntryStream([entry]), app: nil, evidence: { _ in Evidence() },
            found: { found.append($0) })
        #expect(found.isEmpty && counts.matched == 1)
    }

    @Test("Nothing before going live is accused")
    func goLive() async throws {
        var world = World()
        world.pm = [Self.entry("4711")]
        var rules = Rules()
        rules.goLive = World.monday + 86_400
        let comparison = Comparison(
            Scope(practice: "demo"), window: world.comparison.window, rules: rules, watermarks: world.watermarks,
            time: World.time, now: World.now)
        let counts = try await comparison.run(
            pm: EntryStream(world.pm), here: EntryStream([]), app: nil, evidence: { _ in Evidence() },
            found: { _ in Issue.record("nobody is accused") })
        #expect(counts.explanations == ["before-go-live": 1])
    }

    @Test("Entries out of order are refused with their side, and a record that comes twice here too")
    func order() async throws {
        var random = Seeded(seed: 6)
        let ids = [random.uuid(), random.uuid()].sorted(by: >)
        let falling = ids.map { Self.entry("x", record: $0) }
        await #expect(throws: ReconciliationError.outOfOrder(.app)) {
            try await World().comparison.run(
                pm: nil, here: EntryStream([]), app: EntryStream(falling), evidence: { _ in Evidence() },
                found: { _ in })
        }
        await #expect(throws: ReconciliationError.repeatedHere) {
            try await World().comparison.run(
                pm: nil, here: EntryStream([falling[0], falling[0]]), app: nil, evidence: { _ in Evidence() },
                found: { _ in })
        }
    }

    @Test("Records sort as PostgreSQL sorts uuid, by bytes, before all natural keys")
    func keyOrder() throws {
        let low = try #require(UUID(uuidString: "0FFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF"))
        let high = try #require(UUID(uuidString: "F0000000-0000-4000-8000-000000000000"))
        #expect(EntryKey.record(low) < .record(high) && !(EntryKey.record(high) < .record(low)))
        #expect(EntryKey.record(high) < .natural(start: .distantPast, person: "", resource: ""))
    }

    @Test("Entries without our id take the one that the look-up gives, a batch at a time")
    func resolved() async throws {
        var random = Seeded(seed: 7)
        let known = random.uuid()
        let entries = (0..<7).map { Self.entry("\($0)") } + [Self.entry("own", record: known)]
        var batches: [Int] = []
        let resolved = try await Entry.resolved(entries, inBatchesOf: 3) { batch in
            batches.append(batch.count)
            return batch.map { $0.reference == "4" ? known : nil }
        }
        #expect(batches == [3, 3, 1])
        #expect(Set(resolved.filter { $0.record == known }.map(\.reference)) == ["4", "own"])
        #expect(resolved == resolved.sorted { $0.key < $1.key })
    }

    @Test("A run says its days, and its agreement only where nothing is withheld")
    func run() throws {
        var counts = Comparison.Counts()
        counts.groups = 8
        counts.matched = 5
        counts.explained = 1
        counts.open = 2
        let run = ReconciliationRun(of: World().comparison, counts: counts, endedAt: World.now + 1)
        #expect(run.agreement == 75)
        #expect(run.fromDay.description == "2026-11-02" && run.toDay.description == "2026-11-11")
        counts.withheld = 1
        #expect(ReconciliationRun(of: World().comparison, counts: counts, endedAt: World.now).agreement == nil)
        let coded = try JSONDecoder().decode(ReconciliationRun.self, from: JSONEncoder().encode(run))
        #expect(coded == run)
    }

    @Test("What is withheld accuses nobody: its cause says why, its act is to wait, and the counts say how many")
    func withheldSaysWhy() async throws {
        var random = Seeded(seed: 8)
        let here = Self.entry("1", record: random.uuid())
        let cases: [(Cause, Watermarks)] = [
            (.tooYoung, Watermarks(feed: World.now - 600, pm: World.now - 60, app: World.now)),
            (.feedSilent, Watermarks(feed: World.now - 600, feedIsSilent: true, pm: World.now - 900, app: World.now)),
            (.feedBehind, Watermarks(feed: World.now - 86_400, pm: World.now - 900, app: World.now)),
        ]
        for (cause, watermarks) in cases {
            var world = World()
            world.watermarks = watermarks
            world.watermarks.silentFeeds = watermarks.feedIsSilent ? ["rosetta": World.now - 600] : [:]
            world.pm = [Self.entry("4711")]
            world.here = [here]
            world.pm.append(here)
            world.app = [here]
            let (findings, counts) = try await world.run()
            #expect(findings.map(\.cause) == [cause] && findings.map(\.act) == [.wait] && findings[0].isWithheld)
            #expect(counts.withheldBecause == [cause.rawValue: 1] && counts.withheld == 1 && counts.codes.isEmpty)
            #expect((cause == .feedSilent) == (findings[0].detail.feed == "rosetta"))
        }
        // What a message proves is not withheld, however silent the feed is.
        var world = World()
        world.watermarks.feedIsSilent = true
        let record = random.uuid()
        world.pm = [Self.entry("4711", record: record)]
        world.evidence[record] = Evidence()
        world.evidence[record]?.parked = .init(code: "unmapped-status", receivedOn: nil, entry: 3)
        let findings = try await world.run().findings
        #expect(findings.map(\.cause) == [.receivedAndUnmapped] && findings[0].detail.code == "unmapped-status")
    }

    @Test("A removal in the PM without a message is to be confirmed, and a refusal tells what was answered")
    func mends() async throws {
        var random = Seeded(seed: 9)
        var world = World()
        let here = Self.entry("1", record: random.uuid())
        world.here = [here]
        world.app = [here]
        let removed = try await world.run().findings
        #expect(removed.map(\.code) == [.missingInPM] && removed.map(\.act) == [.confirmRemoval])
        world.pm = [here]
        world.app = []
        world.evidence[here.record!] = Evidence()
        world.evidence[here.record!]?.delivery = .init(
            state: .pending, attempts: 2, status: 422, answer: "slot-taken", version: 1, at: World.now - 900)
        let refused = try await world.run().findings
        #expect(refused.map(\.cause) == [.refused] && refused.map(\.act) == [.correctAndResend])
        #expect(refused[0].detail.status == 422 && refused[0].detail.answer == "slot-taken")
    }

    @Test("What was worked out in shadow was never sent once the app is live, and is innocent while it is not")
    func shadow() async throws {
        var random = Seeded(seed: 11)
        var world = World()
        let here = Self.entry("1", record: random.uuid())
        world.here = [here]
        world.pm = [here]
        world.evidence[here.record!] = Evidence()
        world.evidence[here.record!]?.delivery = World.delivery(.shadow, version: 1)
        let live = try await world.run().findings
        #expect(
            live.map(\.code) == [.missingInApp] && live.map(\.cause) == [.neverSent] && live.map(\.act) == [.resend])
        world.evidence[here.record!]?.isNotLive = true
        let innocent = try await world.run()
        #expect(innocent.findings.isEmpty && innocent.counts.explanations == ["not-live": 1])
    }

    @Test("What a list lacks is withheld where a row of it that could not be read may be that, and accused where not")
    func unreadRows() async throws {
        var random = Seeded(seed: 12)
        var world = World()
        let (one, other) = (Self.entry("1", record: random.uuid()), Self.entry("2", record: random.uuid()))
        (world.here, world.app) = ([one, other], [one, other])
        world.watermarks.unreadRows[.pm] = UnreadRows(records: [one.record!], isAnyUnnamed: false)
        let named = try await world.run()
        #expect(named.counts.withheldBecause == ["list-row-unread": 1] && named.counts.open == 1)
        #expect(named.findings.first { !$0.isWithheld }?.record == other.record)
        #expect(named.findings.first(where: \.isWithheld)?.act == .wait)
        world.watermarks.unreadRows[.pm] = UnreadRows(records: [], isAnyUnnamed: true)
        #expect(try await world.run().counts.withheldBecause == ["list-row-unread": 2])
    }

    @Test("A wish that the PM has taken off its list is explained; a booking that it no longer lists is a finding")
    func wish() async throws {
        var random = Seeded(seed: 10)
        var world = World()
        var here = Self.entry("1", record: random.uuid())
        here.status = .waitlist
        world.here = [here]
        world.app = [here]
        let wished = try await world.run()
        #expect(wished.findings.isEmpty && wished.counts.explanations["wait-list"] == 1)
        world.here[0].status = .booked
        world.app[0].status = .booked
        #expect(try await world.run().findings.map(\.code) == [.missingInPM])
    }

    @Test("A no-show that midnight made of a day that the PM has moved it from is a difference of time")
    func staleNoShow() async throws {
        var random = Seeded(seed: 9)
        var world = World()
        let record = random.uuid()
        world.pm = [Self.entry("4711")]
        world.here = [Self.entry("1", start: World.monday - 86_400, record: record)]
        world.pm[0].record = record
        world.here[0].status = .noshow
        world.here[0].isStatusDerived = true
        #expect(try await world.run().findings.map(\.code) == [.timeDiffers])
        world.here[0].start = world.pm[0].start
        world.here[0].end = world.pm[0].end
        let (findings, counts) = try await world.run()
        #expect(findings.isEmpty && counts.explanations["derived-status"] == 1)
    }

    @Test("A finding shows neither the person's key nor identifiers, in its key or its sides")
    func discreet() async throws {
        var world = World()
        var entry = Self.entry("4711")
        entry.person = "MRN-SECRET"
        entry.identifiers = [Identifier(.mrn, authority: "x", value: "MRN-SECRET")]
        world.pm = [entry]
        let findings = try await world.run().findings
        let text = String(decoding: try JSONEncoder().encode(findings), as: UTF8.self)
        #expect(findings.count == 1 && !text.contains("SECRET"))
    }
}
