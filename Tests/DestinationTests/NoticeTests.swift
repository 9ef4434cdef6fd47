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

    /// Every part that a notice may have, as a JSON encoder with sorted keys writes it: what was begun by an older program is
    /// repeated by a newer one.
    private struct Encoded: Encodable {
        struct Data: Encodable {
            struct Record: Encodable {
                let kind: String
                let id: String
                let version: Int32
            }

            let practice: String
            let event: Int64
            let change: Int64?
            let record: Record
            let members: [String]?
            let alarm: Notice.Alarm?
        }

        let type: String
        let timestamp: String
        let data: Data
    }

    @Test(arguments: [nil, 57], [nil, 1_772_456_999.9])
    func `the body is what a JSON encoder makes of the notice`(change: Int64?, until: Double?) throws {
        var notice = Self.sample
        notice.change = change
        notice.practice = "o'hare \"north\" \\ b/c\u{8}\u{1}\u{1f}\n\t\u{7f}é😀\u{2028}"
        notice.members = change.map { _ in [notice.record, notice.id] } ?? []
        notice.alarm = Notice.Alarm(
            feed: "demo/<pm>", since: Date(timeIntervalSince1970: 1_772_456_400.7),
            until: until.map(Date.init(timeIntervalSince1970:)))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        let encoded = try encoder.encode(
            Encoded(
                type: notice.type,
                timestamp: Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(notice.at),
                data: .init(
                    practice: notice.practice, event: notice.event, change: notice.change,
                    record: .init(
                        kind: notice.kind, id: notice.record.uuidString.lowercased(), version: notice.version),
                    members: notice.members.isEmpty ? nil : notice.members.map { $0.uuidString.lowercased() },
                    alarm: notice.alarm)))
        #expect(String(decoding: notice.body, as: UTF8.self) == String(decoding: encoded, as: UTF8.self))
    }
}
