import Foundation
import HL7
import Journal
package import Worker
import Workflow

/// By which way a message came.
package enum Door: Hashable, Sendable {
    /// MLLP; the port of a feed that has its own, nil for the gateway's.
    case listener(port: Int?)
    /// HTTP, under the key of a client of this practice, which may do this.
    case key(practice: String, scopes: Set<KeyScope>)
    /// A file in the folder that this feed or tap declares.
    case folder(feed: String)

    var port: Int? {
        if case .listener(let port) = self { port } else { nil }
    }

    var feedName: String? {
        if case .folder(let feed) = self { feed } else { nil }
    }
}

/// A message at the door: whose it is, and what its sender will be told once it is journaled. Pure; whatever the bytes
/// are, this is made.
struct Reception: Sendable {
    /// What to do with it.
    enum Fate: Hashable, Sendable {
        /// Journaled with a job, and AA, even where the worker then parks it.
        case accepted
        /// Journaled with an outcome and no job, and AE.
        case refused(Reason)
        /// Not journaled; a refusal row, and AR.
        case notAllowed(Ban)
    }

    /// Why a key may not send a message.
    enum Ban: Hashable, Sendable {
        case otherPractice
        case missingScope(KeyScope)
    }

    /// Why a message is refused: the outcome's detail.
    enum Reason: Hashable, Sendable {
        case noHeader
        case noControlID
        /// The feed declares AE for this.
        case declared(ParkCode)

        var word: String {
            switch self {
            case .noHeader: "no-header"
            case .noControlID: "no-control-id"
            case .declared(let code): code.rawValue
            }
        }
    }

    let header: Header?
    let route: Route
    let fate: Fate
    let arrival: Arrival
    let door: Door

    init(_ bytes: [UInt8], by door: Door, peer: String, definition: Definition) {
        self.door = door
        let message = try? Message(bytes)
        header = message?.header ?? Header(head: bytes)
        if let message {
            route = definition.route(message, port: door.port, feedName: door.feedName)
        } else {
            route = definition.routeUnreadable(port: door.port, feedName: door.feedName)
        }
        let controlID = Self.label(header?.controlID ?? "", limit: 199)
        fate =
            if case .key(let practice, let scopes) = door,
                let ban = Self.ban(practice, scopes, route, isReadable: message != nil)
            {
                .notAllowed(ban)
            } else if header == nil {
                .refused(.noHeader)
            } else if controlID.isEmpty {
                .refused(.noControlID)
            } else if route.isRefused, let code = route.parkCode {
                .refused(.declared(code))
            } else {
                .accepted
            }
        arrival = Arrival(
            feed: route.feed, practice: route.practice, peer: peer, controlID: controlID,
            messageType: Self.label(header?.typeAndEvent ?? "", limit: 40), payload: bytes)
    }

    /// What a key may not send: a message of another practice, or of a feed that it has no scope for, be that the one of
    /// what no feed claims. Bytes that are no message are of no feed, and may come from whoever sends any.
    private static func ban(_ practice: String, _ scopes: Set<KeyScope>, _ route: Route, isReadable: Bool) -> Ban? {
        if let other = route.practice, other != practice { return .otherPractice }
        let isSender = isReadable ? scopes.contains(.feed(route.feed)) : scopes.contains(where: \.isFeed)
        return isSender ? nil : .missingScope(.feed(route.feed))
    }

    var isAllowed: Bool { if case .notAllowed = fate { false } else { true } }

    /// Fits a column and its index: PostgreSQL's text has no NUL, and an index entry an end. Of a control id that is cut
    /// the digest still tells resends apart.
    private static func label(_ text: String, limit: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.lazy.filter { $0 != "\0" }.prefix(limit)))
    }
}

// MARK: What the sender is told

extension Reception {
    /// The acknowledgement; nil where the sender asked for none.
    func answer(_ verdict: Verdict, controlID: String, at now: Date) -> [UInt8]? {
        let outcome: Acknowledgement.Outcome
        var text: String?
        var condition: Acknowledgement.Condition?
        var place: Path?
        switch (verdict, fate) {
        case (.kept, .accepted):
            outcome = .accepted
        case (.kept, .refused(let reason)):
            outcome = .error
            (text, condition, place) = Self.explanation(of: reason)
        case (.kept, .notAllowed):
            outcome = .rejected
            (text, condition) = ("The message is of a practice that this key is not for.", .applicationInternal)
        case (.notNow, _), (.unstorable, _):
            outcome = .rejected
            (text, condition) = (
                "Not taken: the message could not be stored. Send it again later.", .applicationInternal
            )
        }
        guard Acknowledgement.isWanted(outcome, by: header) else { return nil }
        return Acknowledgement.make(
            Acknowledgement.code(outcome, for: header), for: header, text: text, condition: condition, at: place,
            controlID: controlID, time: DTM(epochSeconds: Int64(now.timeIntervalSince1970)))
    }

    private static func explanation(of reason: Reason) -> (String, Acknowledgement.Condition, Path?) {
        switch reason {
        case .noHeader: ("There is no MSH that can be read.", .segmentSequence, nil)
        case .noControlID: ("MSH-10 is missing.", .requiredFieldMissing, "MSH-10")
        case .declared(.unknownType): ("This message type is not handled here.", .unsupportedMessageType, "MSH-9")
        case .declared(.unknownPractice): ("The message names no practice of this feed.", .unknownKey, nil)
        case .declared(.testMessage): ("This feed takes no test messages.", .unsupportedProcessingID, "MSH-11")
        case .declared: ("The message cannot be used.", .applicationInternal, nil)
        }
    }

    /// AR while the feed is held.
    func heldBack(controlID: String, at now: Date) -> [UInt8]? {
        guard Acknowledgement.isWanted(.rejected, by: header) else { return nil }
        return Acknowledgement.make(
            Acknowledgement.code(.rejected, for: header), for: header,
            text: "Not taken: this feed is held for now. Send it again later.", condition: .applicationInternal,
            controlID: controlID, time: DTM(epochSeconds: Int64(now.timeIntervalSince1970)))
    }

    /// AR to a message of which only the beginning is known, or none at all.
    static func rejection(head: [UInt8], text: String, controlID: String, at now: Date) -> [UInt8]? {
        let header = Header(head: head)
        guard Acknowledgement.isWanted(.rejected, by: header) else { return nil }
        return Acknowledgement.make(
            Acknowledgement.code(.rejected, for: header), for: header, text: text, condition: .applicationInternal,
            controlID: controlID, time: DTM(epochSeconds: Int64(now.timeIntervalSince1970)))
    }
}
