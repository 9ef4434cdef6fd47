import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Destination

@Suite(.timeLimit(.minutes(1))) struct WebhookTests {
    private static let old = Secret.make()
    private static let new = Secret.make()

    private static func send(
        to url: String, notice: Notice = NoticeTests.sample, at: Date = Date(), within: Duration = .seconds(15)
    ) async throws -> Receipt {
        let outbound = Outbound(allowsPrivate: true)
        let result: Result<Receipt, DeliveryFailure>
        do throws(DeliveryFailure) {
            result = .success(
                try await Webhook(url: url, secrets: [new, old]).send(notice, by: outbound, at: at, within: within))
        } catch {
            result = .failure(error)
        }
        await outbound.close()
        return try result.get()
    }

    @Test func `a notice arrives signed by both secrets, and a repeat bears the same id and body`() async throws {
        let seen = Mutex<[Incoming]>([])
        let attempts = [Date(), Date().addingTimeInterval(5)]
        try await Receiver.serve { request in
            seen.withLock { $0.append(request) }
            return Response(status: .noContent)
        } while: { port in
            for at in attempts {
                let receipt = try await Self.send(to: "http://127.0.0.1:\(port)/hook?x=1", at: at)
                #expect(receipt.status == 204)
            }
        }
        let requests = seen.withLock { $0 }
        #expect(requests.count == 2)
        #expect(requests[0].body == requests[1].body && requests[0].body == NoticeTests.sample.body)
        #expect(requests[0].path == "/hook?x=1")
        #expect(requests[0].header("content-type") == "application/json")
        for (request, at) in zip(requests, attempts) {
            let id = try #require(request.header("webhook-id"))
            let timestamp = try #require(request.header("webhook-timestamp"))
            let signature = try #require(request.header("webhook-signature"))
            #expect(id == NoticeTests.sample.id.uuidString.lowercased())
            #expect(timestamp == String(Int(at.timeIntervalSince1970)))
            let signed = Array("\(id).\(timestamp).".utf8) + request.body
            let expected = [Self.new, Self.old].map {
                "v1," + Data(SignatureTests.hmac($0.bytes, signed)).base64EncodedString()
            }
            #expect(signature == expected.joined(separator: " "))
            try Signature.verify(
                id: id, timestamp: timestamp, signature: signature, body: request.body, secrets: [Self.old], now: at)
        }
    }

    @Test(
        arguments: [
            (201, nil), (301, .refused(status: 301)), (304, .refused(status: 304)), (400, .refused(status: 400)),
            (401, .refused(status: 401)), (404, .refused(status: 404)), (408, .failed(status: 408)), (410, .gone),
            (422, .refused(status: 422)), (425, .failed(status: 425)),
            (429, .throttled(status: 429, retryAfter: .seconds(7))),
            (500, .failed(status: 500)), (501, .failed(status: 501)),
            (502, .throttled(status: 502, retryAfter: .seconds(7))),
            (503, .throttled(status: 503, retryAfter: .seconds(7))),
            (504, .throttled(status: 504, retryAfter: .seconds(7))),
        ] as [(Int, DeliveryFailure?)])
    func `each status is what it means`(status: Int, expected: DeliveryFailure?) async throws {
        try await Receiver.serve { _ in
            Response(status: .init(code: status), headers: [.retryAfter: "7"])
        } while: { port in
            let url = "http://127.0.0.1:\(port)/"
            if let expected {
                await #expect(throws: expected) { try await Self.send(to: url) }
                #expect(DeliveryFailure.codes.contains(expected.code) && expected.status == status)
            } else {
                let receipt = try await Self.send(to: url)
                #expect(receipt.status == status)
            }
        }
    }

    @Test(
        arguments: [
            (#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict"}]}"#, "conflict"),
            (
                #"{"issue":[{"code":"invalid","details":{"coding":[{"code":"slot-taken"}],"text":"Ann Zztest"}}]}"#,
                "slot-taken"
            ),
            (#"{"type":"https://app.example/problems/out-of-hours","title":"Ann Zztest cannot"}"#, "out-of-hours"),
            (#"{"error":"NO_SUCH_PROVIDER"}"#, "NO_SUCH_PROVIDER"), (#"{"code":409,"reason":"late"}"#, "late"),
            (#"{"error":"Ann Zztest has no chart"}"#, nil), (#"{"code":"MRN-4711908"}"#, nil), ("Ann Zztest", nil),
            ("", nil),
        ] as [(String, String?)])
    func `of a refusal's words only a code is kept`(body: String, said: String?) async throws {
        try await Receiver.serve { _ in
            Response(status: .conflict, body: .init(byteBuffer: ByteBuffer(string: body)))
        } while: { port in
            await #expect(throws: DeliveryFailure.refused(status: 409, said: said)) {
                try await Self.send(to: "http://127.0.0.1:\(port)/hook")
            }
        }
    }

    @Test func `a redirect is refused and not followed`() async throws {
        let paths = Mutex<[String]>([])
        try await Receiver.serve { request in
            paths.withLock { $0.append(request.path) }
            return Response(status: .temporaryRedirect, headers: [.location: "/elsewhere"])
        } while: { port in
            await #expect(throws: DeliveryFailure.refused(status: 307)) {
                try await Self.send(to: "http://127.0.0.1:\(port)/hook")
            }
        }
        #expect(paths.withLock { $0 } == ["/hook"])
    }

    @Test func `an answer that does not come in time is unanswered, which may be sent again`() async throws {
        let arrived = Mutex(0)
        try await Receiver.serve { _ in
            arrived.withLock { $0 += 1 }
            try await Task.sleep(for: .seconds(600))
            return Response(status: .ok)
        } while: { port in
            await #expect(throws: DeliveryFailure.unanswered) {
                try await Self.send(to: "http://127.0.0.1:\(port)/", within: .milliseconds(300))
            }
        }
        #expect(arrived.withLock { $0 } == 1)
        #expect(DeliveryFailure.unanswered.kind == .ambiguous)
    }

    @Test func `a connection that is closed before the answer is unanswered`() async throws {
        try await Receiver.hangUp { port in
            await #expect(throws: DeliveryFailure.unanswered) { try await Self.send(to: "http://127.0.0.1:\(port)/") }
        }
    }

    @Test func `a host is reached by its name, at whichever of its addresses listens`() async throws {
        let authorities = Mutex<[String]>([])
        try await Receiver.serve { request in
            authorities.withLock { $0.append(request.authority) }
            return Response(status: .ok)
        } while: { port in
            let receipt = try await Self.send(to: "http://localhost:\(port)/")
            #expect(receipt.status == 200)
            #expect(authorities.withLock { $0 } == ["localhost:\(port)"])
        }
    }

    @Test func `a port that nobody listens on is unreachable`() async throws {
        let port = try await Receiver.vacantPort()
        await #expect(throws: DeliveryFailure.unreachable(.connection)) {
            try await Self.send(to: "http://127.0.0.1:\(port)/")
        }
    }

    @Test func `a name that nobody has is unreachable`() async throws {
        await #expect(throws: DeliveryFailure.unreachable(.name)) { try await Self.send(to: "http://nobody.invalid/") }
    }

    @Test func `a server that does not speak TLS is not securely reachable`() async throws {
        try await Receiver.serve { _ in
            Response(status: .ok)
        } while: { port in
            await #expect(throws: DeliveryFailure.unreachable(.security)) {
                try await Self.send(to: "https://127.0.0.1:\(port)/")
            }
        }
    }

    @Test func `an answer of ten megabytes is a receipt of which at most 64 KiB are read`() async throws {
        try await Receiver.serve { _ in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 65, count: 10_000_000)))
        } while: { port in
            let url = "http://127.0.0.1:\(port)/"
            let receipt = try await Self.send(to: url)
            #expect(receipt.status == 200)
            let outbound = Outbound(allowsPrivate: true)
            let answer = try await outbound.exchange(.GET, url, headers: [:], within: .seconds(5), limit: 64 * 1024)
            #expect(answer.ending == .cut && answer.body.count <= 64 * 1024)
            await outbound.close()
        }
    }

    @Test func `an answer whose body drips for ever is a receipt all the same`() async throws {
        try await Receiver.serve { _ in
            Response(
                status: .ok,
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "."))
                    try await Task.sleep(for: .seconds(600))
                    try await writer.finish(nil)
                })
        } while: { port in
            let receipt = try await Self.send(to: "http://127.0.0.1:\(port)/", within: .milliseconds(500))
            #expect(receipt.status == 200)
        }
    }

    @Test func `a cancelled send is interrupted`() async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        try await Receiver.serve { _ in
            arrival.yield()
            try await Task.sleep(for: .seconds(600))
            return Response(status: .ok)
        } while: { port in
            let sending = Task { try await Self.send(to: "http://127.0.0.1:\(port)/") }
            _ = await arrivals.first { _ in true }
            sending.cancel()
            await #expect(throws: DeliveryFailure.interrupted) { try await sending.value }
        }
    }
}
