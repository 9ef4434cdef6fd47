import Foundation
import Hosting
import Logging
import Queue
import ServiceLifecycle
package import Worker

/// Scans the journal for codes every so often. A failure is logged with its code, and the next round tries again.
package struct CodeScanner: Service {
    private let scan: CodeScan
    private let interval: Duration
    private let logger: Logger

    /// Nil when the interval is 0: then nothing is counted.
    package init?(_ worker: Worker) {
        interval = worker.program.settings.seconds(.codesSeconds)
        if interval == .zero { return nil }
        scan = CodeScan(pool: worker.pool, definitions: worker.definitions)
        logger = worker.program.logger
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await scan.run()
                } catch {
                    logger.warning(
                        "The journal's codes could not be counted.",
                        metadata: ["failure.code": "\(Failure.code(of: error))"])
                }
                try await Task.sleep(for: interval)
            }
        }
    }
}
