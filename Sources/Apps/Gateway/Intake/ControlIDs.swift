import Foundation
import Synchronization

/// MSH-10 of what the gateway itself says: never used twice, and within HL7's 20 characters.
final class ControlIDs: Sendable {
    private let start: String
    private let count = Atomic<Int>(0)

    init(now: Date = Date()) {
        start = String(Int64(now.timeIntervalSince1970 * 1000), radix: 36).uppercased()
    }

    func next() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return start + "-" + String(number, radix: 36).uppercased()
    }
}
