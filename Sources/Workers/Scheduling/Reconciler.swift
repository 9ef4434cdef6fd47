import Foundation
import Hosting
import Logging
import Postgres
import Reconciliation
import ServiceLifecycle
package import Worker

/// Reconciles every practice that has a list, again and again, while this process is the one that does: an advisory lock
/// on a connection of its own tells. A failure is logged with its code and the next round tries again.
package struct Reconciler: Service {
    private let worker: Worker
    private let reconciliation: SchedulingReconciliation
    private let interval: Duration
    private let seconds: Histogram
    private let open: Gauge

    /// Nil when the interval is 0: then reconciliation runs only by command.
    package init?(_ worker: Worker) {
        let settings = worker.program.settings
        interval = settings.seconds(.reconcileSeconds)
        if interval == .zero { return nil }
        self.worker = worker
        reconciliation = SchedulingReconciliation(
            pool: worker.pool, definitions: worker.definitions, folder: settings.text(.data))
        seconds = worker.program.metrics.histogram(
            "pmsync_reconcile_seconds", help: "How long comparing one practice took, lists and all.")
        open = worker.program.metrics.gauge(
            "pmsync_findings_open", help: "Findings that are open and not withheld, by code.",
            labels: ["code": Metrics.values(FindingCode.self)])
    }

    package func run() async throws {
        let turn = Turn("reconciler", worker.pool.configuration)
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await turn.isOurs() { await round() }
                try await Task.sleep(for: interval)
            }
        }
        await turn.end()
        await reconciliation.close()
    }

    private func round() async {
        do {
            for practice in try await reconciliation.practices() { await reconcile(practice) }
            try await count()
        } catch {
            report(error, practice: nil)
        }
    }

    private func reconcile(_ practice: String) async {
        let began = ContinuousClock.now
        do {
            let now = worker.program.settings.wall.now()
            let days = try await reconciliation.usualDays(of: practice, now: now)
            for run in try await reconciliation.run(practice: practice, from: days.from, to: days.to, now: now) {
                tell(run)
            }
            seconds.observe(ContinuousClock.now - began)
        } catch {
            report(error, practice: practice)
        }
    }

    private func tell(_ run: SchedulingRun) {
        let counts = run.run.counts
        worker.program.logger.info(
            "A practice is reconciled.",
            metadata: [
                "practice": "\(run.run.practice)", "run.id": "\(run.run.id)",
                "client.id": "\(run.app?.id.uuidString ?? "")",
                "groups": "\(counts.groups)", "open": "\(counts.open)", "withheld": "\(counts.withheld)",
            ])
        for (side, problem) in [(SideName.pm, run.pmProblem), (.app, run.appProblem)] {
            guard let problem else { continue }
            worker.program.logger.warning(
                "A list could not be read, so it was not compared.",
                metadata: [
                    "practice": "\(run.run.practice)", "side": "\(side.rawValue)", "failure.code": "\(problem.code)",
                    "line": "\(problem.line ?? 0)",
                ])
        }
        tellUnread(run)
    }

    private func tellUnread(_ run: SchedulingRun) {
        for (side, unread) in [(SideName.pm, run.pmUnread), (.app, run.appUnread)] {
            guard let unread else { continue }
            worker.program.logger.warning(
                "Rows of a list could not be read; the others were compared.",
                metadata: [
                    "practice": "\(run.run.practice)", "side": "\(side.rawValue)", "rows": "\(unread.count)",
                    "failure.code": "\(unread.first.code)", "line": "\(unread.first.line ?? 0)",
                ])
        }
    }

    private func count() async throws {
        var counts: [String: Int64] = [:]
        for row in try await worker.pool.query(ReconcileQueries.openByCode()) {
            let (code, count) = try row.decode((String, Int64).self)
            counts[code] = count
        }
        for code in FindingCode.allCases { open.set(Double(counts[code.rawValue] ?? 0), ["code": code.rawValue]) }
    }

    private func report(_ error: any Error, practice: String?) {
        if error is CancellationError || (error as? PostgresError) == .cancelled { return }
        worker.program.logger.error(
            "A practice could not be reconciled; the next round tries again.",
            metadata: ["practice": "\(practice ?? "")", "failure.code": "\(FailureCode.of(error))"])
    }
}
