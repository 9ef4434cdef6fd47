import Foundation
import HL7
import Testing

@Suite struct FilesTests {
    @Test(
        "A file gives its messages and says what was wrong around them",
        arguments: [
            ("batch-full", 2, []), ("batch-two", 2, []), ("batch-empty", 0, []), ("batch-delims-differ", 1, []),
            ("batch-bad-middle", 3, []), ("two-msh", 2, []), ("esc-all", 1, []), ("enc-utf8-bom", 1, []),
            ("batch-count-wrong", 2, ["byte 655: BTS declares 3 messages, 2 are there"]),
            ("mllp-one", 1, []), ("mllp-two", 2, []), ("mllp-empty", 1, []), ("mllp-garbage-first", 1, []),
            ("mllp-garbage-between", 2, []), ("mllp-keepalive-nul", 2, []), ("mllp-lf-after-1c", 2, []),
            ("mllp-no-cr", 2, []), ("mllp-restart", 1, ["byte 1: a frame begins that does not end"]),
            ("mllp-truncated", 0, ["byte 1: a frame begins that does not end"]),
        ] as [(String, Int, [String])])
    func splits(_ name: String, _ count: Int, _ faults: [String]) throws {
        let contents = try Files.read(authored(name))
        #expect(contents.messages.count == count)
        #expect(contents.faults.map(\.description) == faults)
        for part in contents.messages { #expect(part.bytes.starts(with: bytes("MSH|"))) }
    }

    @Test(
        "Wherever the parts end in which a file is read, it gives the same",
        arguments: [
            "batch-full", "batch-two", "batch-empty", "batch-delims-differ", "batch-bad-middle", "two-msh", "esc-all",
            "enc-utf8-bom", "batch-count-wrong", "mllp-one", "mllp-two", "mllp-empty", "mllp-garbage-first",
            "mllp-garbage-between", "mllp-keepalive-nul", "mllp-lf-after-1c", "mllp-no-cr", "mllp-restart",
            "mllp-truncated",
        ])
    func parts(_ name: String) throws {
        let whole = try authored(name)
        let expected = try Files.read(whole)
        for length in [1, 2, 3, 4, 5, 7, 64, 1000] {
            let parts = stride(from: 0, to: whole.count, by: length).map { start in
                Array(whole[start..<min(start + length, whole.count)])
            }
            var survey = Files.Survey()
            for part in parts { survey.take(part) }
            var cutter = Files.Cutter(try survey.form(), limit: .max)
            let pieces = parts.flatMap { cutter.take($0) } + cutter.finish()
            #expect(pieces.compactMap { if case .message(let part) = $0 { part } else { nil } } == expected.messages)
            #expect(pieces.compactMap { if case .fault(let fault) = $0 { fault } else { nil } } == expected.faults)
        }
    }

    @Test("Of a message that is too long its beginning is held and no more, and the next one is whole")
    func tooLong() throws {
        let long = "MSH|^~\\&|A\rNTE|1||"
        for (form, open, end) in [(Files.Form.lines, "", "\r"), (.frames, "\u{0B}", "\u{1C}\r")] {
            var cutter = Files.Cutter(form, limit: 4096)
            var pieces = cutter.take(bytes(open + long))
            for _ in 0..<100 {
                pieces += cutter.take([UInt8](repeating: 0x78, count: 65536))
                #expect(cutter.held <= 4096)
            }
            pieces += cutter.take(bytes(end + open + "MSH|^~\\&|B\r" + end)) + cutter.finish()
            #expect(pieces.count == 2)
            guard case .tooLong(let head, let size, _) = pieces[0], case .message(let next) = pieces[1] else {
                Issue.record("not cut into the long one and the next")
                return
            }
            #expect(size >= long.utf8.count + 6_553_600 && head.starts(with: bytes(long)))
            #expect(next.bytes.starts(with: bytes("MSH|^~\\&|B")))
        }
    }

    @Test("One bad message of a batch does not cost the others")
    func badMiddle() throws {
        let messages = try Files.messages(in: authored("batch-bad-middle"))
        #expect(try Message(messages[0]).header.controlID == "B1")
        #expect(try Message(messages[1]).header.controlID == nil)
        #expect(try Message(messages[2]).header.controlID == "B2")
    }

    @Test("What holds no message is refused by name", arguments: ["", "\r\n", "hello", "PID|1\rMSH|^~\\&|A\r"])
    func refuses(_ text: String) {
        #expect(throws: HL7Error.self) { try Files.messages(in: bytes(text)) }
    }

    @Test("A dump says every part and where it begins")
    func dump() throws {
        let message = try Message(bytes("MSH|^~\\&|A\rPID|||7^^^N&2~8||\"\"\r"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let json = String(decoding: try encoder.encode(message.dump()), as: UTF8.self)
        #expect(
            json.hasSuffix(
                #"{"at":11,"fields":[{"at":17,"field":3,"repetitions":[{"at":17,"components":["#
                    + #"{"at":17,"component":1,"text":"7"},{"at":21,"component":4,"subcomponents":["#
                    + #"{"at":21,"subcomponent":1,"text":"N"},{"at":23,"subcomponent":2,"text":"2"}]}],"repetition":1},"#
                    + #"{"at":25,"repetition":2,"text":"8"}]},{"at":28,"field":5,"repetitions":["#
                    + #"{"at":28,"null":true,"repetition":1}]}],"name":"PID"}]}"#))
    }
}
