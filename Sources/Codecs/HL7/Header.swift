/// MSH by the names of its fields. All are as the sender wrote them, decoded; nil where absent, empty or null.
package struct Header: Sendable {
    let segment: Segment

    /// From the beginning of a message that may be cut, too long, or not a message further on: nil where not even MSH can
    /// be read. What follows the last whole field of a cut MSH is left out, so that half an id is never taken for one.
    package init?(head: [UInt8]) {
        guard let start = head.firstIndex(where: { $0 > 0x20 && $0 < 0x80 }) else { return nil }
        let line = head[start...]
        let end = line.firstIndex { $0 == 0x0D || $0 == 0x0A }
        var whole = Array(line[..<(end ?? head.endIndex)])
        if end == nil, whole.count > 3, let cut = whole.lastIndex(of: whole[3]) { whole.removeSubrange(cut...) }
        do {
            segment = try Message(whole, charset: .ascii).header.segment
        } catch {
            return nil
        }
    }

    init(segment: Segment) { self.segment = segment }

    /// MSH-3.1
    package var sendingApplication: String? { segment.text(3) }
    /// MSH-4.1
    package var sendingFacility: String? { segment.text(4) }
    /// MSH-5.1
    package var receivingApplication: String? { segment.text(5) }
    /// MSH-6.1
    package var receivingFacility: String? { segment.text(6) }
    /// MSH-7
    package var sentAt: DTM? { segment.time(7) }
    /// MSH-9.1, `SIU`
    package var type: String? { segment.text(9) }
    /// MSH-9.2, `S12`
    package var event: String? { segment.text(9, component: 2) }
    /// MSH-9.3, `SIU_S12`; often missing
    package var structure: String? { segment.text(9, component: 3) }
    /// `SIU^S12` whatever the message's separators are; `ACK` where there is no event; empty where there is no type.
    package var typeAndEvent: String { [type, event].compactMap(\.self).joined(separator: "^") }
    /// MSH-10
    package var controlID: String? { segment.text(10) }
    /// MSH-11.1: P, T or D
    package var processingID: String? { segment.text(11) }
    /// MSH-12.1
    package var version: String? { segment.text(12) }
    /// MSH-13
    package var sequence: Int? { segment.text(13).flatMap { Int($0) } }
    /// MSH-15: AL, NE, ER or SU
    package var acceptAck: String? { segment.text(15) }
    /// MSH-16
    package var applicationAck: String? { segment.text(16) }
    /// MSH-18.1 as written
    package var characterSet: String? { segment.text(18) }

    /// Enhanced mode: the sender asked for accept acknowledgements (HL7 2.5.1, 2.9.3).
    package var isEnhanced: Bool { acceptAck != nil || applicationAck != nil }

    package var separators: Separators { segment.message.separators }

    /// Whether MSH-12 is `version` or later; false where it cannot be read.
    package func isAtLeast(_ version: String) -> Bool {
        let mine = Self.numbers(self.version ?? "")
        return !mine.isEmpty && !mine.lexicographicallyPrecedes(Self.numbers(version))
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split(separator: ".").map { Int($0) ?? 0 }
    }
}
