package import Postgres

/// Whose turn it is to do what only one process of all may do at a time: who holds the advisory lock of this name, which
/// falls with its connection.
package actor Turn {
    private let name: String
    private let configuration: Configuration
    private var session: Session?

    package init(_ name: String, _ configuration: Configuration) {
        self.name = name
        self.configuration = configuration
    }

    /// True while it is this process's; taken where it is nobody's.
    package func isOurs() async -> Bool {
        do {
            if let session {
                _ = try await session.query("SELECT 1")
                return true
            }
            let opened = try await Session.connect(configuration)
            let taken = try await opened.query(
                "SELECT pg_try_advisory_lock(hashtextextended(\(name), 0))"
            ).first?.decode(Bool.self)
            guard taken == true else {
                await opened.close()
                return false
            }
            session = opened
            return true
        } catch {
            await session?.close()
            session = nil
            return false
        }
    }

    package func end() async {
        await session?.close()
        session = nil
    }
}
