import HL7
import Testing

@Suite struct RoundTripTests {
    @Test("What is built reads back, whatever the separators and the text", arguments: 0..<200 as Range<UInt64>)
    func values(_ seed: UInt64) throws {
        var generator = Seeded(seed)
        let separators = try #require(Self.separators(&generator))
        let charset: Charset = Bool.random(using: &generator) ? .utf8 : .iso8859(1)
        var builder = MessageBuilder(separators: separators, charset: charset)
        builder.segment("MSH", [3: "A", 10: .text(Self.text(&generator))])
        let repetitions = (0..<3).map { _ in
            (0..<3).map { _ in Field.Component.parts((0..<3).map { _ in Self.text(&generator) }) }
        }
        builder.segment("ZZZ", [2: .repeated(repetitions), 4: .null])
        let message = try Message(builder.bytes, charset: charset)
        #expect(message.separators == separators)
        #expect(message.segments.count == 2)
        #expect(!message.hasInvalidText)
        let segment = try #require(message.segment("ZZZ"))
        for (repetition, components) in repetitions.enumerated() {
            for (component, part) in components.enumerated() {
                for (subcomponent, text) in part.parts.enumerated() {
                    #expect(
                        segment.text(
                            2, repetition: repetition + 1, component: component + 1, subcomponent: subcomponent + 1)
                            == text)
                }
            }
        }
        #expect(segment.value(4) == .null)
    }

    @Test("Any bytes after a header are read or refused, never crash", arguments: 0..<200 as Range<UInt64>)
    func noise(_ seed: UInt64) {
        var generator = Seeded(seed)
        let alphabet = bytes("|^~\\&\r\nMSHPIDX0D\"") + [0x00, 0x0B, 0x1C, 0x80, 0xC3, 0xFF]
        let noise = (0..<300).compactMap { _ in alphabet.randomElement(using: &generator) }
        for raw in [bytes("MSH|^~\\&") + noise, noise, bytes("MSH|^~") + noise] {
            do throws(HL7Error) {
                let message = try Message(raw)
                for segment in message.segments {
                    for field in 0...segment.fieldCount + 1 { _ = segment.value(field, repetition: 2, component: 2) }
                }
                #expect(message.dump().segments.count == message.segments.count)
                #expect(message.bytes == raw)
            } catch {
                #expect(error.position <= raw.count)
            }
            _ = Header(head: raw)
            _ = try? Files.read(raw)
        }
    }

    @Test("A megabyte in one field and a hundred thousand repetitions are read in one pass")
    func large() throws {
        let field = [UInt8](repeating: 0x41, count: 1 << 20)
        let long = try Message(bytes("MSH|^~\\&|A\rOBX|1|ED|||") + field + [0x0D])
        #expect(long.text("OBX-5")?.utf8.count == 1 << 20)
        let many = try Message(bytes("MSH|^~\\&|A\rZZZ|") + Array(repeating: bytes("ab~"), count: 100_000).joined())
        #expect(many.segment("ZZZ")?.repetitions(1) == 100_001)
        #expect(many.text("ZZZ-1[100000]") == "ab")
    }

    private static func separators(_ generator: inout Seeded) -> Separators? {
        let allowed = (0x21...0x7E).filter { byte in
            !(0x30...0x39).contains(byte) && !(0x41...0x5A).contains(byte) && !(0x61...0x7A).contains(byte)
                && byte != 0x22
        }
        let chosen = allowed.shuffled(using: &generator).prefix(6).map { UInt8($0) }
        let isLong = Bool.random(using: &generator)
        return Separators(field: chosen[0], encoding: chosen[1..<(isLong ? 6 : 5)])
    }

    /// Never empty, never two quotes.
    private static func text(_ generator: inout Seeded) -> String {
        let alphabet = Array("abcXYZ019 |^~\\&#!$%*@.\r\n\u{0B}\u{1C}éÑü")
        return "t"
            + String(
                (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                })
    }
}
