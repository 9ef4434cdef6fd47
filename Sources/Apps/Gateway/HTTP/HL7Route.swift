import FHIR
import Foundation
import HL7
import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import Worker
import Workflow

/// `POST /hl7`: one message in, its acknowledgement out, by the same intake as MLLP. The status says what the
/// acknowledgement's code says: 200 for what is journaled (AA and AE), 403 and 503 for AR. A key without the scope of the
/// message's feed gets no acknowledgement but an OperationOutcome: it is no sender.
struct HL7Route: Sendable {
    let intake: Intake
    let definitions: Definitions
    let limit: Int
    let controlIDs = ControlIDs()

    static let contentType = "application/hl7-v2"

    func answer(_ request: Request, _ context: GatewayContext, _ client: APIClient) async throws -> Response {
        guard let definition = definitions.current else {
            throw Problem.unavailable("No definitions are in force yet. Send it again later.")
        }
        guard await hasRoom() else { throw Problem.unavailable("Too much is waiting. Send it again later.") }
        let bytes = try await body(of: request, context)
        let reception = Reception(
            bytes, by: .key(practice: client.practice, scopes: client.scopes), peer: context.peer,
            definition: definition)
        if definitions.isHeld(reception.route.feed) {
            throw Problem.unavailable("This feed is held for now. Send it again later.")
        }
        let verdict: Verdict
        if case .notAllowed(let why) = reception.fate {
            let refusal = Refusal(
                feed: reception.route.feed, peer: context.peer, reason: "not-allowed", size: bytes.count, head: bytes)
            verdict = await intake.submit(.refusal(refusal))
            if case .missingScope(let scope) = why { throw Problem.missingScope(scope) }
        } else {
            verdict = await intake.submit(.message(reception))
        }
        let status: HTTPResponse.Status =
            verdict != .kept ? .serviceUnavailable : reception.isAllowed ? .ok : .forbidden
        guard let answer = reception.answer(verdict, controlID: controlIDs.next(), at: Date()) else {
            return Response(status: status == .ok ? .noContent : status)
        }
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if status == .serviceUnavailable { headers[.retryAfter] = "5" }
        return .bytes(status, answer, type: Self.contentType, headers: headers)
    }

    /// Waits a while before a body is read that could not be kept.
    private func hasRoom() async -> Bool {
        for _ in 0..<50 {
            if intake.hasRoom { return true }
            try? await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private func body(of request: Request, _ context: GatewayContext) async throws -> [UInt8] {
        if let stated = request.headers[.contentLength].flatMap({ Int($0) }), stated > limit {
            await refuse(size: stated, head: [], context)
            throw Problem.tooLong
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else {
                await refuse(size: bytes.count + part.readableBytes, head: bytes, context)
                throw Problem.tooLong
            }
            bytes += part.readableBytesView
        }
        return bytes
    }

    private func refuse(size: Int, head: [UInt8], _ context: GatewayContext) async {
        let feed = definitions.current?.routeUnreadable(port: nil, feedName: nil).feed ?? "unclaimed"
        _ = await intake.submit(
            .refusal(Refusal(feed: feed, peer: context.peer, reason: "too-long", size: size, head: head)))
    }
}
