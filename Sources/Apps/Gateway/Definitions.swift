import Foundation
package import Hosting
import Logging
import ServiceLifecycle
import Synchronization
package import Workflow

/// The definition in force, ready to be read without waiting: a message's place in the journal must not hang on a look
/// into the database.
package final class Definitions: Service {
    private let read: @Sendable () async throws -> Definition
    private let readHeld: @Sendable () async throws -> Set<String>
    private let held = Mutex<Definition?>(nil)
    private let heldFeeds = Mutex<Set<String>>([])
    private let gate: Readiness.Gate?
    private let logger = Logger(label: "pmsync.gateway.definitions")

    /// - Parameter heldFeeds: the feeds from which nothing is to be taken for now.
    package init(
        gate: Readiness.Gate? = nil, heldFeeds: @escaping @Sendable () async throws -> Set<String> = { [] },
        _ read: @escaping @Sendable () async throws -> Definition
    ) {
        self.read = read
        readHeld = heldFeeds
        self.gate = gate
    }

    /// Nil until the first has been read.
    package var current: Definition? { held.withLock { $0 } }

    /// Whether a person has held this feed.
    package func isHeld(_ feed: String) -> Bool { heldFeeds.withLock { $0.contains(feed) } }

    /// Reads the one in force now; keeps the last where that fails.
    package func refresh() async throws {
        let feeds = try await readHeld()
        heldFeeds.withLock { $0 = feeds }
        let definition = try await read()
        held.withLock { $0 = definition }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var failure: String?
            while !Task.isCancelled {
                do {
                    try await self.refresh()
                    self.gate?.open()
                    failure = nil
                } catch {
                    let code = FailureCode.of(error)
                    if code != failure {
                        self.logger.warning("The definition cannot be read.", metadata: ["failure.code": "\(code)"])
                    }
                    failure = code
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
