import Crypto
import Destination
import Foundation
import Postgres
import Queue
import Worker
import Workflow

/// Booking apps: who may call, for one practice, and where they want to hear of changes.
enum Clients {
    /// What is shown once and kept nowhere.
    struct Secrets {
        var key: String
        var webhookSecret: String?
    }

    struct New {
        var name: String
        var practice: String
        var webhook: String?
        /// The app's own list of appointments: a FHIR base or a CSV file.
        var list: String?
        var listKey: String?
        /// What its key may do.
        var scopes = KeyScope.usual
    }

    static func add(_ new: New, to pool: Pool) async throws -> Secrets {
        let key = makeKey()
        let secret = new.webhook.map { _ in Secret.make() }
        let mode = try await statedMode(new, pool)
        try await check(new.scopes, practice: new.practice, pool)
        try await pool.transaction { transaction in
            guard
                try await transaction.query("SELECT 1 FROM records.practice WHERE practice_id = \(new.practice)").count
                    == 1
            else { throw ClientError.unknownPractice(new.practice) }
            let id = UUID()
            do {
                _ = try await transaction.execute(
                    """
                    INSERT INTO api.client (practice_id, id, name, key_hash, list, list_key, scopes)
                    VALUES (\(new.practice), \(id), \(new.name), \(hash(key)), \(new.list), \(new.listKey),
                        \(words(new.scopes)))
                    """)
            } catch let error as PostgresError where error.violates("client_name_in_use") {
                throw ClientError.nameInUse(new.name)
            }
            if let webhook = new.webhook, let secret {
                try await subscribe(id, new, webhook, secret, mode, transaction)
            }
        }
        return Secrets(key: key, webhookSecret: secret?.text)
    }

    private static func subscribe(
        _ client: UUID, _ new: New, _ url: String, _ secret: Secret, _ mode: DestinationMode, _ transaction: Transaction
    ) async throws {
        let id = UUID()
        let queue = try await QueueName.make(
            Notices.queuePrefix + id.uuidString.lowercased(), lanes: 8, practice: new.practice, in: transaction)
        _ = try await transaction.execute(
            """
            INSERT INTO api.subscription (practice_id, id, client_id, url, secret, mode, queue, alarms)
            VALUES (\(new.practice), \(id), \(client), \(url), \(secret.bytes), \(mode.rawValue), \(queue),
                \(new.scopes.contains(.alarms)))
            """)
    }

    // MARK: Scopes

    /// As they are kept and shown.
    static func words(_ scopes: Set<KeyScope>) -> [String] { scopes.map(\.description).sorted() }

    /// A feed that the practice does not have would be a right to nothing, or to another's some day. `unclaimed` is the
    /// feed of what no definition claims yet.
    private static func check(_ scopes: Set<KeyScope>, practice: String, _ pool: Pool) async throws {
        let named = scopes.compactMap { if case .feed(let name) = $0 { name } else { nil } }
        if named.isEmpty { return }
        let feeds: [Feed]
        do {
            feeds = try await DefinitionStore(pool: pool).current().feeds.values
                .filter { $0.practices.values.contains(practice) }
        } catch DefinitionStoreError.none {
            feeds = []
        }
        let known = Set(feeds.map(\.name)).union([Route.unclaimed])
        if let other = named.sorted().first(where: { !known.contains($0) }) {
            throw ClientError.unknownFeed(other, known: known.sorted())
        }
    }

    /// These and no others from now on; its key stays as it is.
    static func setScopes(
        _ scopes: Set<KeyScope>, of name: String, practice: String, reason: String, by person: String, in pool: Pool
    ) async throws {
        try await check(scopes, practice: practice, pool)
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                UPDATE api.client SET scopes = \(words(scopes))
                WHERE practice_id = \(practice) AND name = \(name) AND revoked_at IS NULL RETURNING id
                """)
            guard let id = try rows.first?.decode(UUID.self) else { throw ClientError.unknown(name) }
            let heard = try await transaction.execute(
                """
                UPDATE api.subscription SET alarms = \(scopes.contains(.alarms))
                WHERE practice_id = \(practice) AND client_id = \(id) AND ended_at IS NULL
                """)
            if heard == 0, scopes.contains(.alarms) { throw ClientError.noWebhook(name) }
            let subject = "client \(name): \(words(scopes).joined(separator: " "))"
            try await transaction.execute(
                Queries.audit("scoped", [subject], reason: reason, by: person, practices: [practice]))
        }
    }

    /// What the practice's file says of a destination of this name; live where it says nothing.
    private static func statedMode(_ new: New, _ pool: Pool) async throws -> DestinationMode {
        do {
            let practice = try await DefinitionStore(pool: pool).current().practices[new.practice]
            return practice?.destinations.first { $0.name == new.name }?.mode ?? .live
        } catch DefinitionStoreError.none {
            return .live
        }
    }

    /// A new key, and where there is a webhook a new secret; notices bear both signatures until the next rotation.
    static func rotate(_ name: String, practice: String, in pool: Pool) async throws -> Secrets {
        let key = makeKey()
        let secret = Secret.make()
        let hasWebhook = try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                UPDATE api.client SET key_hash = \(hash(key))
                WHERE practice_id = \(practice) AND name = \(name) AND revoked_at IS NULL RETURNING id
                """)
            guard let id = try rows.first?.decode(UUID.self) else { throw ClientError.unknown(name) }
            return try await transaction.execute(
                """
                UPDATE api.subscription SET previous_secret = secret, secret = \(secret.bytes)
                WHERE practice_id = \(practice) AND client_id = \(id) AND ended_at IS NULL
                """) > 0
        }
        return Secrets(key: key, webhookSecret: hasWebhook ? secret.text : nil)
    }

    /// What a revoked client left behind, and what became of it.
    struct Leftover: Equatable {
        /// Parked and uncertain jobs, discarded.
        var jobs = 0
        /// Notices that nobody will send any more.
        var notices = 0
        var rings: Set<String> = []
    }

    /// Its key stops working at once, and nothing more is sent: what is pending is discarded, in the same commit.
    static func revoke(_ name: String, practice: String, by person: String, in pool: Pool) async throws -> Leftover {
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                UPDATE api.client SET revoked_at = clock_timestamp()
                WHERE practice_id = \(practice) AND name = \(name) AND revoked_at IS NULL RETURNING id
                """)
            guard let id = try rows.first?.decode(UUID.self) else { throw ClientError.unknown(name) }
            let ended = try await transaction.query(
                """
                UPDATE api.subscription s SET ended_at = coalesce(s.ended_at, clock_timestamp())
                FROM queue.queue q
                WHERE s.practice_id = \(practice) AND s.client_id = \(id) AND q.id = s.queue RETURNING s.id, q.name
                """)
            var left = Leftover()
            for row in ended {
                let (subscription, queue) = try row.decode((UUID, String).self)
                try await letGo(subscription, queue, practice, name, person, &left, transaction)
            }
            return left
        }
    }

    /// What is parked is discarded; what waits or is retried is let go by the worker at once, which a pause would hinder.
    private static func letGo(
        _ subscription: UUID, _ queue: String, _ practice: String, _ name: String, _ person: String,
        _ left: inout Leftover, _ transaction: Transaction
    ) async throws {
        let jobs = try await ListedJob.list(JobFilter(queue: queue, limit: .max), in: transaction)
            .filter(\.isOutOfWork)
        try await Discarding(jobs: jobs, reason: "client \(name) is revoked", person: person)
            .carryOut(in: transaction)
        _ = try await transaction.execute(
            """
            UPDATE queue.blocked b SET run_at = clock_timestamp() FROM queue.queue q
            WHERE q.name = \(queue) AND b.queue = q.id AND b.state = 'retrying'
            """)
        _ = try await transaction.execute(
            "UPDATE queue.queue SET paused_reason = NULL, circuit_open_until = NULL WHERE name = \(queue)")
        left.notices += try await transaction.execute(
            """
            UPDATE api.delivery SET state = 'discarded', ended_at = clock_timestamp()
            WHERE practice_id = \(practice) AND subscription_id = \(subscription) AND state = 'pending'
            """)
        left.notices += jobs.count
        left.jobs += jobs.count
        left.rings.insert(queue)
    }

    struct Listed: Encodable {
        let practice: String
        let name: String
        let scopes: String
        let created: Date
        let revoked: Date?
        let webhook: String?
        let mode: String?
        let lastEvent: Int64?
        let pending: Int64
    }

    static func list(_ practice: String?, from pool: Pool) async throws -> [Listed] {
        let rows = try await pool.query(
            """
            SELECT c.practice_id, c.name, array_to_string(c.scopes, ' '), c.created_at, c.revoked_at, s.url, s.mode, s.last_event,
                (SELECT count(*) FROM api.delivery d
                 WHERE d.practice_id = c.practice_id AND d.subscription_id = s.id AND d.state = 'pending')
            FROM api.client c
            LEFT JOIN api.subscription s ON s.practice_id = c.practice_id AND s.client_id = c.id AND s.ended_at IS NULL
            WHERE \(practice)::text IS NULL OR c.practice_id = \(practice)
            ORDER BY c.practice_id, c.name, c.created_at
            """)
        return try rows.map { row in
            let (practice, name, scopes, created, revoked, webhook, mode, last, pending) = try row.decode(
                (String, String, String, Date, Date?, String?, String?, Int64?, Int64).self)
            return Listed(
                practice: practice, name: name, scopes: scopes, created: created, revoked: revoked, webhook: webhook,
                mode: mode, lastEvent: last, pending: pending)
        }
    }

    static func moveWebhook(_ name: String, practice: String, to url: String, list: String, in pool: Pool) async throws
    {
        try await pool.transaction { transaction in
            _ = try await transaction.execute(
                """
                UPDATE api.subscription s SET url = \(url) FROM api.client c
                WHERE c.practice_id = \(practice) AND c.name = \(name) AND c.revoked_at IS NULL
                    AND s.practice_id = c.practice_id AND s.client_id = c.id AND s.ended_at IS NULL
                """)
            _ = try await transaction.execute(
                """
                UPDATE api.client SET list = \(list)
                WHERE practice_id = \(practice) AND name = \(name) AND revoked_at IS NULL
                """)
        }
    }

    private static func makeKey() -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let text = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
        return "pmk_" + text
    }

    static func hash(_ key: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(key.utf8)))
    }
}

enum ClientError: Error, Equatable, CustomStringConvertible {
    case unknownPractice(String)
    case nameInUse(String)
    case unknown(String)
    case unknownFeed(String, known: [String])
    case noWebhook(String)

    var description: String {
        switch self {
        case .unknownPractice(let practice): "there is no practice \"\(practice)\"; `pmsync apply` makes practices"
        case .nameInUse(let name): "a client \"\(name)\" is there already; rotate or revoke it"
        case .unknownFeed(let name, let known):
            "the practice has no feed \"\(name)\"; those that a key may send are \(known.joined(separator: ", "))"
        case .noWebhook(let name): "the client \"\(name)\" has no webhook that could hear of alarms"
        case .unknown(let name): "there is no client \"\(name)\" in force"
        }
    }
}
