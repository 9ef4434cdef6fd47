package import Foundation
import NIOHTTP1

/// A booking app's endpoint for notices.
package struct Webhook: Sendable {
    package var url: String
    /// The one in force, and while they are rotated the one before it.
    package var secrets: [Secret]

    package init(url: String, secrets: [Secret]) {
        precondition(!secrets.isEmpty, "a webhook is signed")
        self.url = url
        self.secrets = secrets
    }

    /// Sends the notice once. Safe to repeat: a repeat bears the same id and body, by which the app tells it, and a new
    /// timestamp. A redirect is a refusal.
    ///
    /// - Parameter at: when this attempt is made, which the app compares with its own clock.
    package func send(
        _ notice: Notice, by outbound: Outbound, at: Date = Date(), within: Duration = .seconds(15)
    ) async throws(DeliveryFailure) -> Receipt {
        let body = notice.body
        let id = notice.id.uuidString.lowercased()
        let timestamp = Int64(at.timeIntervalSince1970)
        let headers: HTTPHeaders = [
            "content-type": "application/json",
            "user-agent": "pmsync-webhook/1",
            "webhook-id": id,
            "webhook-timestamp": String(timestamp),
            "webhook-signature": Signature.header(id: id, timestamp: timestamp, body: body, secrets: secrets),
        ]
        let answer: Outbound.Answer
        do {
            answer = try await outbound.exchange(
                .POST, url, headers: headers, body: body, within: within, limit: 64 * 1024)
        } catch {
            throw DeliveryFailure(error)
        }
        if let failure = DeliveryFailure(
            status: answer.status, retryAfter: RetryAfter.parse(answer.headers.first(name: "retry-after"), now: at),
            body: answer.body)
        {
            throw failure
        }
        return Receipt(status: answer.status)
    }
}

/// The other side's word that it has it.
package struct Receipt: Sendable, Equatable {
    package let status: Int

    package init(status: Int) { self.status = status }
}

extension Webhook {
    /// The waits after each attempt that failed: soon at first, because a desk waits; then as Standard Webhooks suggest,
    /// over about three days. A destination that answers again is asked at once for what waits out its silence.
    package static let waits: [Duration] = [
        .seconds(1), .seconds(5), .seconds(30), .seconds(300), .seconds(1800), .seconds(7200), .seconds(18_000),
        .seconds(36_000), .seconds(50_400), .seconds(72_000), .seconds(86_400),
    ]
}
