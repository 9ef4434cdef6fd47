/// One mail's conversation with a relay (RFC 5321), without a socket or a clock: replies go in, what to say next comes
/// out. Each command waits for its reply; nothing is pipelined.
///
///     220 -> EHLO (or HELO) -> MAIL -> RCPT -> DATA -> the mail and a dot -> 250: taken -> QUIT
struct SMTP: Sendable {
    struct Reply: Equatable, Sendable {
        let code: Int

        var isPositive: Bool { (200..<300).contains(code) }
    }

    enum Step: Equatable {
        case say([UInt8])
        /// The relay has it; QUIT is said, and its answer no longer matters.
        case taken(goodbye: [UInt8])
    }

    private enum State {
        case greeting, hello, oldHello, sender, recipient, data, content
    }

    private let mail: Mail
    private let ownName: String
    private var state = State.greeting

    init(_ mail: Mail, ownName: String) {
        self.mail = mail
        self.ownName = ownName
    }

    /// Whether the relay may have the mail although it has not said so.
    var mayBeTaken: Bool { state == .content }

    mutating func heard(_ reply: Reply) throws(MailFailure) -> Step {
        switch state {
        case .greeting:
            try demand(reply, reply.code == 220)
            return say("EHLO \(ownName)", then: .hello)
        case .hello where (500..<505).contains(reply.code):
            return say("HELO \(ownName)", then: .oldHello)
        case .hello, .oldHello:
            try demand(reply, reply.isPositive)
            return say("MAIL FROM:<\(mail.from)>", then: .sender)
        case .sender:
            try demand(reply, reply.isPositive)
            return say("RCPT TO:<\(mail.to)>", then: .recipient)
        case .recipient:
            try demand(reply, reply.isPositive)
            return say("DATA", then: .data)
        case .data:
            try demand(reply, reply.code == 354)
            state = .content
            return .say(mail.wire)
        case .content:
            try demand(reply, reply.isPositive)
            return .taken(goodbye: Array("QUIT\r\n".utf8))
        }
    }

    private mutating func say(_ command: String, then next: State) -> Step {
        state = next
        return .say(Array((command + "\r\n").utf8))
    }

    private func demand(_ reply: Reply, _ isWanted: Bool) throws(MailFailure) {
        if !isWanted { throw .refused(status: reply.code) }
    }
}

/// Replies out of bytes, however they are cut: `250-one`, `250 two` is one reply of two lines (RFC 5321, 4.2.1).
struct SMTPReplies: Sendable {
    private var line: [UInt8] = []

    /// Longer lines are no SMTP; RFC 5321 allows 512.
    private static let longest = 4096

    mutating func take(_ bytes: some Sequence<UInt8>) throws(MailFailure) -> [SMTP.Reply] {
        var replies: [SMTP.Reply] = []
        for byte in bytes {
            guard byte == 0x0A else {
                line.append(byte)
                if line.count > Self.longest { throw .notSMTP }
                continue
            }
            if line.last == 0x0D { line.removeLast() }
            if let reply = try Self.read(line) { replies.append(reply) }
            line = []
        }
        return replies
    }

    /// Nil for a line that another one follows.
    private static func read(_ line: [UInt8]) throws(MailFailure) -> SMTP.Reply? {
        let digits = line.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }), (0x32...0x35).contains(line[0]),
            line.count == 3 || line[3] == 0x20 || line[3] == 0x2D
        else { throw .notSMTP }
        if line.count > 3, line[3] == 0x2D { return nil }
        return SMTP.Reply(code: digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }
}

/// Why a mail was not taken. No text of the relay's is kept: it may quote an address.
package enum MailFailure: Error, Equatable, Sendable {
    case unreachable
    case notSMTP
    /// The relay's code; 4xx may pass, 5xx will not.
    case refused(status: Int)
    /// The connection ended, or the time, before the mail was said.
    case broken
    /// The mail was said and no answer came: the relay may have it.
    case unanswered

    package var isPermanent: Bool {
        if case .refused(let status) = self { status >= 500 } else { false }
    }

    package var status: Int? {
        if case .refused(let status) = self { status } else { nil }
    }

    /// From a closed set, for the job's row.
    package var code: String {
        switch self {
        case .unreachable: "mail-unreachable"
        case .notSMTP: "mail-not-smtp"
        case .refused: "mail-refused"
        case .broken: "mail-broken-off"
        case .unanswered: "mail-unanswered"
        }
    }
}
