import Foundation
import Practice
import Reconciliation
import Testing

@Suite struct ParityTests {
    private static let noon = Date(timeIntervalSince1970: 1_795_000_000)
    private static let record = UUID()

    private static func content(_ change: (inout TellingContent) -> Void = { _ in }) -> TellingContent {
        var content = TellingContent()
        content.status = .booked
        content.start = noon + 86_400
        content.end = noon + 88_200
        content.person = ["M1"]
        content.resources = ["1001"]
        content.locations = ["MAIN"]
        content.type = "OVF"
        change(&content)
        return content
    }

    private static func theirs(
        _ id: Int64, _ type: AppointmentChange = .booked, at seconds: TimeInterval = 0, _ content: TellingContent? = nil
    ) -> Tapped {
        Tapped(id: id, record: record, type: type, at: noon + seconds, content: content ?? Self.content())
    }

    private static func ours(
        _ event: Int64, _ type: AppointmentChange = .booked, at seconds: TimeInterval = 0,
        _ content: TellingContent? = nil
    ) -> Shadowed {
        Shadowed(event: event, record: record, type: type, at: noon + seconds, content: content ?? Self.content())
    }

    private static func judge(
        _ tapped: [Tapped], _ shadowed: [Shadowed], after seconds: TimeInterval = 3600,
        stood: TellingContent? = nil
    ) -> [Int64: ParityVerdict] {
        ParityRules().judge(tapped, shadowed, now: noon + seconds) { _ in stood }
    }

    @Test func `What both say alike is the same, whichever came first`() {
        for seconds in [-30.0, 30] {
            let verdicts = Self.judge([Self.theirs(1)], [Self.ours(7, at: seconds)], after: 60)
            #expect(verdicts == [1: .matched(event: 7, differs: [])])
        }
    }

    @Test(arguments: ParityField.allCases)
    func `Each field that differs is named`(field: ParityField) {
        let other = Self.content { content in
            switch field {
            case .status: content.status = .arrived
            case .start: content.start = content.start.map { $0 + 900 }
            case .end: content.end = content.end.map { $0 + 900 }
            case .person: content.person = ["M2"]
            case .resource: content.resources = ["1002"]
            case .location: content.locations = ["ANNEX"]
            case .type: content.type = "PHY"
            }
        }
        let verdicts = Self.judge([Self.theirs(1, other)], [Self.ours(7)])
        #expect(verdicts == [1: .matched(event: 7, differs: [field])])
    }

    private static func theirs(_ id: Int64, _ content: TellingContent) -> Tapped { theirs(id, .booked, content) }
    private static func theirs(_ id: Int64, _ type: AppointmentChange, _ content: TellingContent) -> Tapped {
        theirs(id, type, at: 0, content)
    }

    @Test func `What one side does not say is not compared`() {
        var silent = TellingContent()
        silent.start = Self.noon + 86_400
        #expect(Self.judge([Self.theirs(1, silent)], [Self.ours(7)]) == [1: .matched(event: 7, differs: [])])
        let part = Self.content {
            $0.resources = ["US1"]
            $0.isPartial = true
        }
        #expect(Self.judge([Self.theirs(1, part)], [Self.ours(7)]) == [1: .matched(event: 7, differs: [])])
    }

    @Test func `Each is matched once, the same kind before another, the nearest in time first`() {
        let tapped = [
            Self.theirs(1, .booked), Self.theirs(2, .rescheduled, at: 60), Self.theirs(3, .rescheduled, at: 120),
        ]
        let shadowed = [
            Self.ours(7, .rescheduled, at: 61), Self.ours(8, .booked, at: 5), Self.ours(9, .rescheduled, at: 121),
        ]
        #expect(
            Self.judge(tapped, shadowed) == [
                1: .matched(event: 8, differs: []), 2: .matched(event: 7, differs: []),
                3: .matched(event: 9, differs: []),
            ])
    }

    @Test func `A booking may be what we call an update, and is never what we call an end`() {
        #expect(
            Self.judge([Self.theirs(1)], [Self.ours(7, .updated)]) == [1: .matched(event: 7, differs: [])])
        #expect(Self.judge([Self.theirs(1)], [Self.ours(7, .cancelled)]) == [1: .onlyTheirs])
    }

    @Test func `One that comes hours late still finds its match`() {
        let verdicts = Self.judge([Self.theirs(1, .booked, at: 4 * 3600)], [Self.ours(7)], after: 5 * 3600)
        #expect(verdicts == [1: .matched(event: 7, differs: [])])
        let days = Self.judge([Self.theirs(1, .booked, at: 2 * 86_400)], [Self.ours(7)], after: 3 * 86_400)
        #expect(days == [1: .onlyTheirs])
    }

    @Test func `What has no match waits, then is theirs alone, unless it told what stood already`() {
        #expect(Self.judge([Self.theirs(1)], [], after: 60) == [1: .waiting])
        #expect(Self.judge([Self.theirs(1)], []) == [1: .onlyTheirs])
        #expect(Self.judge([Self.theirs(1)], [], stood: Self.content()) == [1: .nothingNew])
        #expect(
            Self.judge([Self.theirs(1)], [], stood: Self.content { $0.start = Self.noon }) == [1: .onlyTheirs])
    }
}
