import Foundation
package import Postgres
package import Workflow

/// Turns a booking app's webhooks off, to shadow or live. Every change of a record is told by the mode that held when it
/// was made, whenever it is fanned out: so what was worked out in shadow is never sent later, and nothing that is made
/// after the switch is missed. What was still to be delivered at a switch to shadow is delivered; at a switch to off it
/// is let go.
package struct ModeSwitch: Sendable {
    package var practice: String
    /// The client's name.
    package var destination: String
    package var mode: DestinationMode
    package var reason: String
    package var actor: String

    package init(practice: String, destination: String, mode: DestinationMode, reason: String, actor: String) {
        self.practice = practice
        self.destination = destination
        self.mode = mode
        self.reason = reason
        self.actor = actor
    }

    package struct Switched: Sendable {
        package let before: String
        /// The last change that is told by the mode before.
        package let afterChange: Int64
        /// Notices not delivered yet.
        package let pending: Int64
        package let queue: String
    }

    /// One for each of the client's webhooks, those of this mode already left out: nothing is written for them. Empty
    /// too where there is no such client; `exists` tells. On record in `api.mode` and in the audit.
    package func carryOut(in transaction: Transaction) async throws -> [Switched] {
        // The subscription before the practice, as the fan-out locks them.
        let rows = try await transaction.query(
            """
            SELECT s.id, s.mode, q.name,
                (SELECT count(*) FROM api.delivery d WHERE d.practice_id = s.practice_id
                    AND d.subscription_id = s.id AND d.state = 'pending')
            FROM api.subscription s
            JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
            JOIN queue.queue q ON q.id = s.queue
            WHERE s.practice_id = \(practice) AND c.name = \(destination) AND s.ended_at IS NULL
            ORDER BY s.id FOR UPDATE OF s
            """)
        let found = try rows.map { try $0.decode((UUID, String, String, Int64).self) }
        let others = found.filter { $0.1 != mode.rawValue }
        if others.isEmpty { return [] }
        // Until this commits no change gets a number: what has one by now is of the mode before.
        guard
            let last = try await transaction.query(
                "SELECT last_change FROM records.practice WHERE practice_id = \(practice) FOR UPDATE"
            ).first?.decode(Int64.self)
        else { return [] }
        var switched: [Switched] = []
        for (id, before, queue, pending) in others {
            try await begin(id, before, transaction)
            try await transaction.execute(
                """
                INSERT INTO api.mode (practice_id, subscription_id, mode, after_change, reason, actor)
                VALUES (\(practice), \(id), \(mode.rawValue), \(last), \(reason), \(actor))
                """)
            try await transaction.execute(
                """
                UPDATE api.subscription SET mode = \(mode.rawValue) WHERE practice_id = \(practice) AND id = \(id)
                """)
            switched.append(Switched(before: before, afterChange: last, pending: pending, queue: queue))
        }
        try await transaction.execute(
            """
            INSERT INTO console.audit (actor, act, subject, reason, practice_id)
            VALUES (\(actor), \("mode-" + mode.rawValue), \("client " + destination), \(reason), \(practice))
            """)
        return switched
    }

    /// A subscription's first mode, where nobody noted it.
    private func begin(_ subscription: UUID, _ mode: String, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO api.mode (practice_id, subscription_id, mode, after_change, reason, actor)
            SELECT \(practice), \(subscription), \(mode), 0, 'as it was', \(actor)
            WHERE NOT EXISTS (
                SELECT FROM api.mode m WHERE m.practice_id = \(practice) AND m.subscription_id = \(subscription))
            """)
    }

    /// Whether the practice has a client of this name with a webhook.
    package func exists(in transaction: Transaction) async throws -> Bool {
        try await !transaction.query(
            """
            SELECT 1 FROM api.subscription s
            JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
            WHERE s.practice_id = \(practice) AND c.name = \(destination) AND s.ended_at IS NULL LIMIT 1
            """
        ).isEmpty
    }
}

extension ModeSwitch {
    /// The switches that a new definition makes: where what it says of a destination is not what the one before said. A
    /// mode that a person has set since by command stands until its file is changed.
    static func stated(
        by definition: Definition, after before: Definition?, actor: String
    ) -> [ModeSwitch] {
        definition.practices.values.sorted { $0.id < $1.id }.flatMap { practice in
            let old = before?.practices[practice.id]?.destinations ?? []
            return practice.destinations.filter { !old.contains($0) }.map { destination in
                ModeSwitch(
                    practice: practice.id, destination: destination.name, mode: destination.mode,
                    reason: "practices/\(practice.id).yaml says so", actor: actor)
            }
        }
    }
}
