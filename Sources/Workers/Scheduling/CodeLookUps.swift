package import Foundation
import HL7
package import Workflow

extension SchedulingMessage {
    /// The codes that a message has looked up in tables, by the same reader that applies it; nil for what is no message of
    /// a practice. A message that cannot be used for another reason gives those that were read before.
    package static func codes(
        bytes: [UInt8], definition: Definition, feed: String, receivedAt: Date
    ) -> (practice: String, codes: Set<CodeLookUp>)? {
        guard let message = try? Message(bytes, charset: definition.feeds[feed]?.charset) else { return nil }
        let route = definition.route(message, port: nil, feedName: feed == Route.unclaimed ? nil : feed)
        guard let feed = definition.feeds[route.feed], let practice = definition.practices[route.practice ?? ""],
            let rules = definition.workflows["scheduling"], let action = rules.accepts[message.header.typeAndEvent]
        else { return nil }
        let lookUps = CodeLookUps()
        let reader = FieldReader(
            schedule: message, definition: definition, rules: rules, feed: feed, practice: practice,
            receivedAt: receivedAt,
            lookUps: lookUps)
        _ = try? reader.content(action, 0)
        return (practice.id, lookUps.all)
    }
}
