import Logging
package import Postgres
import Synchronization

/// Rings for queues after their commit: a hint, on a connection of its own, at most one ring in flight. A commit that
/// carries a NOTIFY takes a lock that the whole cluster shares; hence never inside. Workers poll as well.
package actor Doorbell {
    package static let channel = "pmsync"

    private let configuration: Configuration
    private var session: Session?
    private var wanted: Set<String> = []
    private var isRinging = false

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// Returns at once when a ring is in flight: that one takes this along.
    package func ring(_ queues: Set<String>) async {
        wanted.formUnion(queues)
        if isRinging { return }
        isRinging = true
        while !wanted.isEmpty {
            let names = Array(wanted)
            wanted = []
            do {
                let open = try await connected()
                _ = try await open.query("SELECT pg_notify(\(Self.channel), name)::text FROM unnest(\(names)) name")
            } catch {
                await session?.close()
                session = nil
            }
        }
        isRinging = false
    }

    package func close() async {
        await session?.close()
        session = nil
    }

    private func connected() async throws -> Session {
        if let session { return session }
        let opened = try await Session.connect(configuration)
        session = opened
        return opened
    }
}
