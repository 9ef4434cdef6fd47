import HL7
import Testing

@Suite struct AcknowledgementTests {
    @Test("An acknowledgement turns sender and receiver round and keeps the sender's ways")
    func swaps() throws {
        let raw = "MSH$%*@!$NG%X$CL$APP$FAC$20260314$$SIU%S12%SIU_S12$C@F@1$T$2.5.1%USA$$$$$$8859/1*UNICODE UTF-8\r"
        let header = try Message(bytes(raw)).header
        let ack = Acknowledgement.make(.aa, for: header, controlID: "A1", time: time)
        #expect(
            String(decoding: ack, as: UTF8.self)
                == "MSH$%*@!$APP$FAC$NG%X$CL$20260314093015+0000$$ACK%S12%ACK$A1$T$2.5.1%USA$$$$$$8859/1*UNICODE UTF-8\r"
                + "MSA$AA$C@F@1\r")
    }

    @Test("Before 2.3.1 the type is ACK alone, and an error goes to ERR-1")
    func old() throws {
        let header = try Message(bytes("MSH|^~\\&|A|B|C|D|2026||ADT^A04|7|P|2.3\r")).header
        let ack = Acknowledgement.make(
            .ae, for: header, text: "no chart number", condition: .requiredFieldMissing, at: "PID-3", controlID: "A1",
            time: time)
        #expect(
            String(decoding: ack, as: UTF8.self)
                == "MSH|^~\\&|C|D|A|B|20260314093015+0000||ACK|A1|P|2.3\rMSA|AE|7|no chart number\r"
                + "ERR|PID^1^3^101&Required field missing&HL70357\r")
    }

    @Test("From 2.5 on an error names its place in ERR-2 and its code in ERR-3")
    func current() throws {
        let header = try Message(bytes("MSH|^~\\&|A|B|C|D|2026||ADT^A04|7|P|2.5.1\r")).header
        let ack = Acknowledgement.make(
            .ae, for: header, text: "no chart number", condition: .requiredFieldMissing, at: "PID[2]-3[4].1",
            controlID: "A1", time: time)
        let message = try Message(ack)
        #expect(message.text("MSH-9.3") == "ACK")
        #expect(message.segment("ERR")?.raw(2).map { String(decoding: $0, as: UTF8.self) } == "PID^2^3^4^1")
        #expect(message.text("ERR-3") == "101")
        #expect(message.text("ERR-4") == "E")
        #expect(message.text("ERR-8") == "no chart number")
    }

    @Test("A message whose header cannot be read is still answered, with MSA-2 empty")
    func unreadable() throws {
        let ack = Acknowledgement.make(.ae, for: nil, text: "no readable MSH", controlID: "A1", time: time)
        #expect(
            String(decoding: ack, as: UTF8.self)
                == "MSH|^~\\&|||||20260314093015+0000||ACK|A1|P|2.3\rMSA|AE||no readable MSH\r")
    }

    @Test("Separators that the sender did not declare are not used")
    func short() throws {
        let header = try Message(bytes("MSH|^|A|B|C|D|2026||ADT^A04|7|P|2.3\r")).header
        let ack = Acknowledgement.make(
            .ae, for: header, text: "a|b", condition: .dataType, at: "PID-7", controlID: "A1", time: time)
        #expect(
            String(decoding: ack, as: UTF8.self)
                == "MSH|^|C|D|A|B|20260314093015+0000||ACK|A1|P|2.3\rMSA|AE|7|a b\rERR|PID^1^7^102\r")
    }

    @Test(
        "MSH-15 and MSH-16 choose the letters and whether to answer",
        arguments: [
            ("", "", "AA", true, "AE", true), ("AL", "NE", "CA", true, "CE", true),
            ("NE", "AL", "CA", false, "CE", false), ("ER", "SU", "CA", false, "CE", true),
            ("SU", "", "CA", true, "CE", false), ("", "AL", "CA", true, "CE", true),
        ])
    func modes(
        _ accept: String, _ application: String, _ good: String, _ goodWanted: Bool, _ bad: String, _ badWanted: Bool
    ) throws {
        let header = try Message(bytes("MSH|^~\\&|A|B|C|D|||ADT^A04|7|P|2.5.1|||\(accept)|\(application)\r")).header
        #expect(Acknowledgement.code(.accepted, for: header).rawValue == good)
        #expect(Acknowledgement.code(.error, for: header).rawValue == bad)
        #expect(Acknowledgement.isWanted(.accepted, by: header) == goodWanted)
        #expect(Acknowledgement.isWanted(.error, by: header) == badWanted)
    }

    @Test("A reply is read by its MSA")
    func replies() throws {
        let good = try #require(Acknowledgement.Reply(Message(authored("ack-AA"))))
        #expect(good.code == .aa && good.controlID == "E1" && good.text == nil)
        let bad = try #require(Acknowledgement.Reply(Message(authored("ack-err-23"))))
        #expect(bad.code == .ae && bad.controlID == "E3" && bad.text == "bad")
        #expect(try Acknowledgement.Reply(Message(authored("z-segments"))) == nil)
    }
}
