import Destination
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Destination

@Suite struct MailTests {
    private static let mail = Mail(
        id: "<a.raised@pmsync>", from: "pmsync@localhost", to: "office@example.org",
        date: Date(timeIntervalSince1970: 1_795_376_523), subject: "Praxis Köln: feed x is silent",
        body: "A line.\n.\n..two dots, and one that is long: \(String(repeating: "é", count: 60))\nend = here \n")

    @Test("A mail is plain ASCII with short lines, says when and under which id, and is the same each time")
    func text() {
        let text = Self.mail.text
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 78 && !$0.contains("\n") })
        #expect(lines.first == "Date: Sun, 22 Nov 2026 19:42:03 +0000", "\(lines.first ?? "")")
        #expect(lines.contains("Message-ID: <a.raised@pmsync>"))
        #expect(
            lines.contains("Subject: =?utf-8?B?\(Data("Praxis Köln: feed x is silent".utf8).base64EncodedString())?="))
        #expect(lines.contains("end =3D here=20"))
        #expect(Self.mail.text == text)
    }

    @Test("What a practice is called begins no header of its own")
    func injection() {
        var mail = Self.mail
        mail.subject = "Clinic\r\nBcc: everybody@example.org"
        let headers = mail.text.split(separator: "\r\n\r\n")[0].split(separator: "\r\n")
        #expect(!headers.contains { $0.lowercased().hasPrefix("bcc") })
    }

    @Test("A line that begins with a dot is sent with two, and a dot alone ends the mail")
    func dots() {
        let wire = String(decoding: Self.mail.wire, as: UTF8.self)
        #expect(wire.contains("\r\n..\r\n...two dots"))
        #expect(wire.hasSuffix("\r\n.\r\n"))
        #expect(wire.components(separatedBy: "\r\n.\r\n").count == 2)
    }

    @Test("A reply is whole with its last line, however it is cut; what is no reply is said to be none")
    func replies() throws {
        var replies = SMTPReplies()
        var found: [SMTP.Reply] = []
        for byte in Array("220 hi\r\n250-one\r\n250-two\r\n250 three\r\n354\r\n".utf8) {
            found += try replies.take([byte])
        }
        #expect(found.map(\.code) == [220, 250, 354])
        for text in ["HTTP/1.1 400 Bad\r\n", "99 x\r\n", "2500\r\n", "\r\n"] {
            var others = SMTPReplies()
            #expect(throws: MailFailure.notSMTP) { try others.take(Array(text.utf8)) }
        }
    }

    @Test("A conversation goes as RFC 5321 has it, by HELO where EHLO is not known, and ends where the relay refuses")
    func conversation() throws {
        var smtp = SMTP(Self.mail, ownName: "[127.0.0.1]")
        var said: [String] = []
        for code in [220, 502, 250, 250, 251, 354] {
            guard case .say(let bytes) = try smtp.heard(.init(code: code)) else { continue }
            said.append(String(decoding: bytes.prefix { $0 != 0x0D }, as: UTF8.self))
        }
        #expect(
            said.prefix(5) == [
                "EHLO [127.0.0.1]", "HELO [127.0.0.1]", "MAIL FROM:<pmsync@localhost>", "RCPT TO:<office@example.org>",
                "DATA",
            ])
        #expect(smtp.mayBeTaken)
        #expect(try smtp.heard(.init(code: 250)) == .taken(goodbye: Array("QUIT\r\n".utf8)))
        var refused = SMTP(Self.mail, ownName: "x")
        _ = try refused.heard(.init(code: 220))
        _ = try refused.heard(.init(code: 250))
        _ = try refused.heard(.init(code: 250))
        #expect(throws: MailFailure.refused(status: 550)) { try refused.heard(.init(code: 550)) }
        #expect(MailFailure.refused(status: 550).isPermanent && !MailFailure.refused(status: 451).isPermanent)
    }

    @Test("aiosmtpd takes a mail as it was meant, and refusals, silence and a closed door are told apart")
    func peer() async throws {
        guard let peers = try PythonPeers.ready("mail", requirements: "aiosmtpd==1.4.6\n") else {
            try Test.cancel("aiosmtpd could not be installed from PyPI")
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "mail-\(UUID().uuidString)")
        let port = try Relay.freePort()
        let relay = try Relay(peers, port: port, mailbox: folder.path)
        let line = MailRelay(url: "smtp://127.0.0.1:\(port)")
        try await #require(line).send(Self.mail)
        let mails = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/new")
        let taken = try String(contentsOfFile: folder.path + "/new/" + #require(mails.first), encoding: .utf8)
        #expect(mails.count == 1)
        let body = Self.mail.text.components(separatedBy: "\r\n\r\n")[1].replacingOccurrences(of: "\r\n", with: "\n")
        #expect(taken.hasSuffix(body), "\(taken)")
        var stranger = Self.mail
        stranger.to = "refuse@example.org"
        await #expect(throws: MailFailure.refused(status: 550)) { try await line?.send(stranger) }
        stranger.to = "later@example.org"
        await #expect(throws: MailFailure.refused(status: 451)) { try await line?.send(stranger) }
        stranger.to = "hang@example.org"
        let hasty = MailRelay(url: "smtp://127.0.0.1:\(port)", patience: .milliseconds(500))
        await #expect(throws: MailFailure.unanswered) { try await hasty?.send(stranger) }
        relay.stop()
        await #expect(throws: MailFailure.unreachable) { try await line?.send(Self.mail) }
        try? FileManager.default.removeItem(at: folder)
    }

    @Test(
        "Only smtp:// without a password names a relay",
        arguments: [
            ("smtp://127.0.0.1", true), ("smtp://mail.office:2525", true), ("smtps://mail", false),
            ("http://mail", false),
            ("smtp://user:secret@mail", false), ("smtp://", false),
        ])
    func urls(url: String, isRelay: Bool) {
        #expect((MailRelay(url: url) != nil) == isRelay)
    }
}

/// aiosmtpd in a process of its own, which writes what it takes into a Maildir.
private final class Relay {
    private let process = Process()
    private let input = Pipe()

    init(_ peers: PythonPeers, port: Int, mailbox: String) throws {
        let script = """
            import asyncio, sys
            from aiosmtpd.controller import Controller
            from aiosmtpd.handlers import Mailbox
            class Office(Mailbox):
                async def handle_RCPT(self, server, session, envelope, address, options):
                    if address.startswith("refuse"): return "550 no such person"
                    if address.startswith("later"): return "451 come back"
                    envelope.rcpt_tos.append(address)
                    return "250 ok"
                async def handle_DATA(self, server, session, envelope):
                    if envelope.rcpt_tos[0].startswith("hang"): await asyncio.sleep(20)
                    return await super().handle_DATA(server, session, envelope)
            relay = Controller(Office(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]))
            relay.start()
            print("ready", flush=True)
            sys.stdin.read()
            """
        process.executableURL = peers.python
        process.arguments = ["-c", script, String(port), mailbox]
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        _ = output.fileHandleForReading.availableData
    }

    func stop() {
        // A child of ours may have SIGTERM blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    static func freePort() throws -> Int {
        let listener = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).wait()
        defer { try? listener.close().wait() }
        return listener.localAddress?.port ?? 0
    }
}
