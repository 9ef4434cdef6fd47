package import Foundation
import HL7
package import Workflow

/// What a definition makes of a feed's messages, one by one and without a record: read, or parked and why. Routed by their
/// marks alone, as a message that has just come is.
package struct FeedTrial: Sendable {
    private let definition: Definition
    private let feed: String
    private(set) var read = 0
    /// By park code.
    private(set) var parked = Tally<String>(limit: 50)
    /// Those that another feed claims, or none.
    private(set) var strange = 0
    /// `events OVF`, of codes that may be written.
    private(set) var unmapped = Tally<String>(limit: 500)

    package init(_ definition: Definition, feed: String) {
        self.definition = definition
        self.feed = feed
    }

    package mutating func add(_ bytes: [UInt8], receivedAt: Date) {
        guard let message = try? Message(bytes) else {
            parked.add(ParkCode.unreadable.rawValue)
            return
        }
        guard definition.feed(of: message, port: nil, named: nil)?.name == feed else {
            strange += 1
            return
        }
        do {
            _ = try SchedulingMessage.read(
                bytes: bytes, definition: definition, feed: Route.unclaimed, receivedAt: receivedAt, entry: 1)
            read += 1
        } catch {
            parked.add(error.code.rawValue)
        }
        let seen = SchedulingMessage.codes(
            bytes: bytes, definition: definition, feed: Route.unclaimed, receivedAt: receivedAt)
        for code in seen?.codes ?? [] {
            let table = definition.table(code.table)
            let row = table.row(
                code.code, practice: seen?.practice ?? "", on: code.day, event: code.event.isEmpty ? nil : code.event)
            if row == nil { unmapped.add("\(code.table.rawValue) \(code.code.uppercased())") }
        }
    }
}
