import HL7
import Testing

@Suite struct PathsTests {
    @Test(
        "A path is written as it is read",
        arguments: ["SCH-11.4", "PID-3[2].1", "AIL[2]-3.1", "MSH-9.2", "PID-3.4.2", "ZNG-1", "PV1-19"])
    func roundTrip(_ text: String) {
        #expect(Path(text)?.description == text)
    }

    @Test(
        "What is not a path is refused",
        arguments: [
            "", "PID", "PID-", "PID-0", "PID3", "pid-3", "PID-3.", "PID-3.0", "PID-3[", "PID-3[]", "PID[0]-3",
            "PID-3.1.2.3", "PID-3 ", "PIDX-3", "PID-3[1", "PID.3", "1ID-3", "PID-1234567",
        ])
    func refuses(_ text: String) {
        #expect(Path(text) == nil)
    }

    @Test("A literal that is not a path stops the program")
    func literal() async {
        await #expect(processExitsWith: .failure) {
            _ = Path(stringLiteral: "PID")
        }
    }
}
