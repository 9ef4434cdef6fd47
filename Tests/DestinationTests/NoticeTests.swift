import Destination
import Foundation
import Testing

@Suite struct NoticeTests {
    static let sample = Notice(
        id: UUID(uuidString: "0B5E0C1E-7C1D-4A5B-9F58-2E2A7C0D9A11") ?? UUID(), type: "appointment.cancelled",
        at: Date(timeIntervalSince1970: 1_772_456_400.25), practice: "riverside", event: 42, change: 1007,
        kind: "appointment", record: UUID(uuidString: "6F9619FF-8B86-D011-B42D-00CF4FC964FF") ?? UUID(), version: 3)

    @Test func `the body is ids and numbers, the same bytes each time`() {
        let golden =
            #"{"data":{"change":1007,"event":42,"practice":"riverside","#
            + #""record":{"id":"6f9619ff-8b86-d011-b42d-00cf4fc964ff","kind":"appointment","version":3}},"#
            + #""timestamp":"2026-03-02T13:00:00.250Z","type":"appointment.cancelled"}"#
        #expect(String(decoding: Self.sample.body, as: UTF8.self) == golden)
        #expect(Self.sample.body == Self.sample.body)
    }

    @Test func `a notice of something that is no change has no change number`() {
        var notice = Self.sample
        notice.change = nil
        #expect(!String(decoding: notice.body, as: UTF8.self).contains("change\":"))
    }
}
