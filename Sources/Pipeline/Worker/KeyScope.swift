/// What a client's key may do, as `pmsync client` takes it and `api.client` keeps it: `read`, `book`, `alarms`, `feed:ID`.
package enum KeyScope: Hashable, Sendable, CustomStringConvertible {
    /// Read the practice's records and follow its changes.
    case read
    /// Book, change and cancel in the PM.
    case book
    /// Hear alarms at its webhook.
    case alarms
    /// Send messages of this feed, as the PM does.
    case feed(String)

    /// What a booking app needs. To write to the PM, or to speak as it, is given by name.
    package static let usual: Set<KeyScope> = [.read]

    private static let feedPrefix = "feed:"

    /// Nil where it is none of these. A feed's name has no blanks.
    package init?(_ text: String) {
        switch text {
        case "read": self = .read
        case "book": self = .book
        case "alarms": self = .alarms
        default:
            let name = String(text.dropFirst(Self.feedPrefix.count))
            guard text.hasPrefix(Self.feedPrefix), !name.isEmpty, !name.contains(where: \.isWhitespace) else {
                return nil
            }
            self = .feed(name)
        }
    }

    package var description: String {
        switch self {
        case .read: "read"
        case .book: "book"
        case .alarms: "alarms"
        case .feed(let name): Self.feedPrefix + name
        }
    }

    package var isFeed: Bool { if case .feed = self { true } else { false } }
}
