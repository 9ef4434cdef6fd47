import Foundation
import Logging
import Postgres
import Synchronization

/// A worker's row, its lease, and the session lock on its id that tells at once when the process is gone.
actor Membership {
    private let options: Crew.Options
    private let configuration: Configuration
    private let pool: Pool
    private var life: Session?
    private(set) var id: Int32 = 0

    init(options: Crew.Options, configuration: Configuration, pool: Pool) {
        self.options = options
        self.configuration = configuration
        self.pool = pool
    }

    func join() async throws {
        let row = try await pool.query(
            Queries.register(
                name: options.name, host: ProcessInfo.processInfo.hostName, version: options.version,
                lease: options.lease.seconds))
        guard let first = row.first else { throw QueueError.noSecret }
        id = try first.decode(Int32.self)
        try await holdLife()
    }

    /// Extends the lease, and takes the lock again where its session was lost.
    func beat(_ logger: Logger) async {
        do {
            if let life {
                _ = try await life.execute(Queries.heartbeat(id, lease: options.lease.seconds))
            } else {
                try await holdLife()
            }
        } catch {
            logger.warning("The lease was not extended.", metadata: ["failure.code": "\(Failure.code(of: error))"])
            await life?.close()
            life = nil
        }
    }

    func workers() async throws -> Int {
        let row = try await pool.query(Queries.colleagues(options.name, of: id)).first
        return Int(try row?.decode(Int64.self) ?? 1)
    }

    func leave() async {
        _ = try? await pool.execute(Queries.unregister(id))
        _ = try? await pool.execute(Queries.forgetTheDead())
        await life?.close()
        life = nil
    }

    private func holdLife() async throws {
        let session = try await Session.connect(configuration)
        _ = try await session.query(Queries.holdLife(id))
        _ = try await session.execute(Queries.heartbeat(id, lease: options.lease.seconds))
        life = session
    }
}

extension Duration {
    /// For PostgreSQL's make_interval.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
