import Foundation
import Practice
import Reconciliation
import Testing

/// The instant from which a practice is held to agree.
@Suite struct BeforeGoLiveTests {
    /// Compares one appointment of the PM's, and one of ours, on a day that lies so many hours from going live.
    private static func codes(
        pm: TimeInterval, here: TimeInterval?, now: Date = World.now, app: Bool = false, told: Bool = true
    ) async throws -> (codes: [FindingCode], explanations: [String: Int]) {
        let record = UUID()
        let goLive = World.monday + 43_200
        func entry(_ hours: TimeInterval) -> Entry {
            var entry = Entry(
                reference: "4711", person: "P", status: .booked, start: goLive + hours * 3600,
                end: goLive + hours * 3600 + 1200)
            entry.record = record
            entry.version = 1
            entry.changedAt = World.now - 86_400
            return entry
        }
        let world = World()
        var rules = Rules()
        rules.goLive = goLive
        let comparison = Comparison(
            Scope(practice: "demo", client: app ? World.client : nil), window: world.comparison.window, rules: rules,
            watermarks: world.watermarks, time: World.time, now: now)
        var found: [FindingCode] = []
        var known = Evidence()
        known.isLoadedOnly = !told
        let counts = try await comparison.run(
            pm: EntryStream([entry(pm)]), here: EntryStream(here.map { [entry($0)] } ?? []),
            app: app ? EntryStream([]) : nil, evidence: { _ in known }, found: { found.append($0.code) })
        return (found, counts.explanations)
    }

    @Test("What moved within the time before is not accused, and what moved over the instant either way is")
    func moved() async throws {
        #expect(try await Self.codes(pm: -2, here: -4).explanations == ["before-go-live": 1])
        #expect(try await Self.codes(pm: 2, here: -2).codes == [.timeDiffers])
        #expect(try await Self.codes(pm: -2, here: 2).codes == [.timeDiffers])
        #expect(try await Self.codes(pm: 2, here: nil).codes == [.missingHere])
    }

    @Test("While the instant is still to come nothing is accused, whatever differs")
    func stillToCome() async throws {
        let found = try await Self.codes(pm: 2, here: nil, now: World.monday)
        #expect(found.codes == [] && found.explanations == ["before-go-live": 1])
    }

    @Test("An app need not have what was loaded and told to nobody; it must have what it was told")
    func loaded() async throws {
        let loaded = try await Self.codes(pm: 2, here: 2, app: true, told: false)
        #expect(loaded.codes == [] && loaded.explanations == ["loaded": 1])
        #expect(try await Self.codes(pm: 2, here: 2, app: true, told: true).codes == [.missingInApp])
    }
}
