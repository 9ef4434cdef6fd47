import HL7
import Testing

@Suite struct TimeTests {
    @Test(
        "A time keeps what its sender said",
        arguments: [
            ("2026", "2026", DTM.Precision.year), ("202603", "202603", .month), ("20260314", "20260314", .day),
            ("2026031409", "2026031409", .hour), ("202603140930", "202603140930", .minute),
            ("20260314093015", "20260314093015", .second), ("20260314093015.25", "20260314093015.250", .fraction),
            ("20260314093015123", "20260314093015.123", .fraction),
            ("20260314093015-0500", "20260314093015-0500", .second),
            ("202603140930+0530", "202603140930+0530", .minute),
            ("20260314093015Z", "20260314093015+0000", .second), (" 20260314 ", "20260314", .day),
            ("20260314093015^S", "20260314093015", .second), ("20240229", "20240229", .day),
        ])
    func reads(_ text: String, _ written: String, _ precision: DTM.Precision) throws {
        let time = try #require(DTM(text))
        #expect(time.description == written)
        #expect(time.precision == precision)
    }

    @Test(
        "What is not a time that exists is none",
        arguments: [
            "", "202613", "20260230", "20250229", "2026031424", "202603149999", "20260314093060", "00000000",
            "2026-03-14", "TOMORROW", "202", "2026031", "202603140930151", "20260314093015-", "20260314093015-05",
            "20260314093015.", "20260314.5", "20260314093015-0560", "99999999", "\"\"",
        ])
    func refuses(_ text: String) {
        #expect(DTM(text) == nil)
    }

    @Test("An instant needs a zone, the sender's or a given one")
    func instants() throws {
        #expect(DTM("20260314093015-0500")?.epochSeconds() == 1_773_498_615)
        #expect(DTM("20260314093015")?.epochSeconds() == nil)
        #expect(DTM("20260314093015")?.epochSeconds(defaultOffset: 0) == 1_773_480_615)
        #expect(DTM("19700101")?.epochSeconds(defaultOffset: 0) == 0)
        #expect(DTM("18991231")?.epochSeconds(defaultOffset: 0) == -2_209_075_200)
    }

    @Test("An instant written and read again is the same", arguments: 0..<40 as Range<UInt64>)
    func roundTrip(_ seed: UInt64) throws {
        var generator = Seeded(seed)
        let instant = Int64.random(in: -5_000_000_000...20_000_000_000, using: &generator)
        let offset = Int.random(in: -48...56, using: &generator) * 900
        let time = DTM(epochSeconds: instant, offsetSeconds: offset)
        #expect(time.epochSeconds() == instant)
        #expect(DTM(time.description) == time)
    }
}
