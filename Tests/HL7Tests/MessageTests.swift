import HL7
import Testing

@Suite struct MessageTests {
    @Test(
        "An authored message reads as its author meant",
        arguments: [
            ("deep-path-subcomp", "PID-3.4", "NGPM"), ("deep-path-subcomp", "PID-3.4.2", "2.16.840.1"),
            ("deep-path-subcomp", "PID-3.4.4", "x"), ("deep-path-subcomp", "PID-3.4.6", "y"),
            ("deep-path-subcomp", "PID-5.1.3", "der"), ("deep-path-subcomp", "PID-5.2", "RILEY"),
            ("delim-short-1", "PID-5", "A~B\\C&D"), ("delim-short-1", "PID-5.2", "X"),
            ("delim-short-3", "PID-5", "A & B"), ("delim-trunc-27", "PID-5", "TESTPATIENT-WITH-A-LONG-NA#"),
            ("delim-trunc-27", "MSH-2", "^~\\&#"), ("enc-8859-15-euro", "PID-5", "EURO€"),
            ("enc-8859-15-euro", "PID-5.2", "ŒUVRE"), ("enc-msh18-repeat", "PID-5", "NÚÑEZ"),
            ("enc-utf8-bom", "MSH-1", "|"), ("eol-lf-inside-nte", "NTE-3", "line one\nline two"),
            ("esc-adjacent", "NTE-3", "|^&~\\"), ("esc-all", "NTE-3", "F=| S=^ T=& R=~ E=\\"),
            ("esc-charset", "NTE-3", "\\C2842\\ \\M24421F\\"), ("esc-double-encoded", "NTE-3", "\\T\\"),
            ("esc-hex-odd", "NTE-3", "bad \\X0\\ and \\XZZ\\ and \\X\\ end"),
            ("esc-in-component", "PID-3.4", "NG^PM"), ("esc-in-component", "PID-3.4.2", "2.16&1"),
            ("esc-in-component", "PID-5", "O|NEIL"), ("esc-unterminated", "NTE-3", "C:\\temp then text"),
            ("esc-unterminated", "NTE[2]-3", "ends with \\"), ("lowercase-segment", "PID-5.2", "RILEY"),
            ("null-quoted-text", "NTE-3", "\"\" is not null here"), ("null-quoted-text", "NTE[2]-3", "\"quoted\""),
            ("null-vs-empty", "PID-13[2]", "(217)555-0142"), ("null-vs-empty", "PID-8", "F"),
            ("z-segments", "ZPI-2.2", "GOLD"), ("z-segments", "ZNG-2[2]", "rep"),
            ("z-segments", "ZNG-3.1.2", "sub"), ("eol-leading-whitespace", "MSH-9.2", "A04"),
        ])
    func readsAuthored(_ name: String, _ path: String, _ expected: String) throws {
        let message = try Message(authored(name))
        #expect(message.text(try #require(Path(path))) == expected)
    }

    @Test("A null is told from what is absent, and is null in all its parts")
    func null() throws {
        let message = try Message(authored("null-vs-empty"))
        #expect(message.value("PID-7") == .null)
        #expect(message.value("PID-11") == .null)
        #expect(message.value("PID-11.5") == .null)
        #expect(message.value("PID-13") == .null)
        #expect(message.value("PID-9") == .absent)
        #expect(message.value("PID-99") == .absent)
        #expect(message.value("ZZZ-1") == .absent)
        #expect(message.text("PID-7") == nil)
    }

    @Test("Hexadecimal escapes are bytes in the message's character set")
    func hexadecimal() throws {
        let raw = try authored("esc-hex")
        #expect(try Message(raw, charset: .utf8).text("NTE-3") == "a\rb\r\ncé")
        #expect(try Message(raw, charset: .iso8859(1)).text("NTE-3") == "a\rb\r\ncÃ©")
    }

    @Test(
        "What is not a message is refused by name and byte",
        arguments: [
            ("delim-duplicate", HL7Error.badSeparators(at: 3)), ("delim-empty-msh-only", .badSeparators(at: 3)),
            ("delim-msh2-missing", .badSeparators(at: 3)), ("enc-utf16be-bom", .wideText(at: 0)),
            ("enc-utf16le-bom", .wideText(at: 0)), ("pid-before-msh", .notAMessage(at: 0)),
            ("two-msh", .secondHeader(at: 271)), ("batch-full", .batch(at: 0)),
            ("mllp-garbage-first", .notAMessage(at: 0)),
        ])
    func refuses(_ name: String, _ expected: HL7Error) throws {
        let raw = try authored(name)
        #expect(throws: expected) { try Message(raw) }
    }

    @Test("Nothing and blanks are refused", arguments: [[], [0x20, 0x0D, 0x0A], [0xEF, 0xBB, 0xBF]] as [[UInt8]])
    func empty(_ raw: [UInt8]) {
        #expect(throws: HL7Error.empty) { try Message(raw) }
    }

    @Test(
        "Line ends of every kind give the same segments",
        arguments: ["\r", "\n", "\r\n", "\r\n\r\n", "\r\r", "\n\n", "\n \n"])
    func lineEnds(_ end: String) throws {
        let message = try Message(
            bytes(["MSH|^~\\&|A", "EVN|A04", "PID|1||7", "ZZZ"].joined(separator: end) + end))
        #expect(message.segments.map(\.name) == ["MSH", "EVN", "PID", "ZZZ"])
        #expect(message.text("PID-3") == "7")
        #expect(message.text("MSH-3") == "A")
    }

    @Test("Line ends mixed in one message still give four segments, blank lines none")
    func mixed() throws {
        #expect(try Message(authored("eol-mixed")).segments.map(\.name) == ["MSH", "EVN", "PID", "PV1"])
        let names = try Message(authored("eol-blank-lines")).segments.map(\.name)
        #expect(names == ["MSH", "EVN", "PID"])
    }

    @Test("Segments that are not well named are kept in their place")
    func badNames() throws {
        let message = try Message(authored("bad-segment-names"))
        #expect(message.segments.map(\.name).contains("PIDX"))
        #expect(message.segments(named: "PID").count == 1)
        #expect(message.segments(named: "P").isEmpty)
        #expect(try Message(authored("short-segment")).segment("PID")?.fieldCount == 0)
    }

    @Test("Fields, repetitions and components are counted as they are written")
    func counts() throws {
        let message = try Message(bytes("MSH|^~\\&|A||\rPID|1||a^b~c~~|||\r"))
        let pid = try #require(message.segment("PID"))
        #expect(pid.fieldCount == 6)
        #expect(pid.repetitions(3) == 4)
        #expect(pid.repetitions(2) == 0)
        #expect(pid.repetitions(9) == 0)
        #expect(pid.components(3) == 2)
        #expect(pid.components(3, repetition: 3) == 0)
        #expect(pid.position == 13)
        #expect(message.segment("MSH")?.fieldCount == 5)
        #expect(message.segment("MSH")?.text(2, component: 2) == nil)
    }

    @Test("Bytes outside the character set are replaced in text and reported of the message")
    func invalid() throws {
        let cut = try Message(authored("enc-truncated-utf8"))
        #expect(cut.hasInvalidText)
        #expect(cut.text("PID-5") == "ZO\u{FFFD}")
        let undeclared = bytes("MSH|^~\\&|A\rPID|||||NÚÑEZ\r")
        #expect(try Message(undeclared).hasInvalidText)
        #expect(try Message(undeclared, charset: .utf8).hasInvalidText == false)
        #expect(try Message(undeclared, charset: .utf8).text("PID-5") == "NÚÑEZ")
    }

    @Test("MSH-18 that declares a wide character set is refused, unless the feed knows better")
    func wideCharset() throws {
        let raw = bytes("MSH|^~\\&|A|||||||||||||||UNICODE UTF-16\r")
        #expect(throws: HL7Error.wideCharset(at: 25)) { try Message(raw) }
        #expect(try Message(raw, charset: .utf8).header.characterSet == "UNICODE UTF-16")
    }

    @Test("A character set is known by the names that senders use")
    func charsets() {
        #expect(Charset("UNICODE UTF-8") == .utf8)
        #expect(Charset("utf-8") == .utf8)
        #expect(Charset("8859/1") == .iso8859(1))
        #expect(Charset("ISO-8859-15") == .iso8859(15))
        #expect(Charset("ISO IR6") == .ascii)
        #expect(Charset("windows-1252") == .windows1252)
        #expect(Charset("8859/10") == nil)
        #expect(Charset("BIG-5") == nil)
        #expect(Charset.windows1252.decode([0x80, 0x41]) == "€A")
        #expect(Charset.iso8859(5).decode([0xB0]) == "А")
        #expect(Charset.iso8859(2).encode("Łódź→") == [0xA3, 0xF3, 0x64, 0xBC, 0x3F])
    }

    @Test("The header gives MSH by name")
    func header() throws {
        let raw = "MSH|^~\\&|NG^1^L|CL|APP|FAC|20260314093015-0500||SIU^S12^SIU_S12|C1|T|2.5.1^USA|7||AL|NE||8859/1\r"
        let header = try Message(bytes(raw)).header
        #expect(header.sendingApplication == "NG")
        #expect(header.receivingFacility == "FAC")
        #expect(header.typeAndEvent == "SIU^S12")
        #expect(header.structure == "SIU_S12")
        #expect(header.controlID == "C1")
        #expect(header.processingID == "T")
        #expect(header.version == "2.5.1")
        #expect(header.sequence == 7)
        #expect(header.acceptAck == "AL")
        #expect(header.applicationAck == "NE")
        #expect(header.sentAt?.offsetSeconds == -18_000)
        #expect(header.isAtLeast("2.5") && header.isAtLeast("2.5.1") && !header.isAtLeast("2.6"))
    }

    @Test("The header of a message that was cut has no half of a field")
    func cutHeader() throws {
        let cut = try #require(Header(head: bytes("MSH|^~\\&|A|B|C|D|2026||ADT^A04|CONTROL")))
        #expect(cut.controlID == nil)
        #expect(cut.typeAndEvent == "ADT^A04")
        let whole = try #require(Header(head: bytes("MSH|^~\\&|A|B|C|D|2026||ADT^A04|CONTROL\rPID|1")))
        #expect(whole.controlID == "CONTROL")
        #expect(Header(head: bytes("PID|1")) == nil)
        #expect(Header(head: []) == nil)
        #expect(Header(head: bytes("MSH")) == nil)
    }
}
