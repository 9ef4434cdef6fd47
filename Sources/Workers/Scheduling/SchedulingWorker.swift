import Hosting
import Queue
import ServiceLifecycle
import Worker

/// The process `pmsync-scheduling`: its services in order.
package enum SchedulingWorker {
    package static func main() async -> Never {
        await Program.main("scheduling") { program in
            let worker = try await Worker(program, role: "pmsync_scheduling")
            let jobs = try await SchedulingJobs(worker)
            let fanOut = FanOut(secret: worker.secret)
            let notices = Notices(worker)
            let reconciler: [any Service] = Reconciler(worker).map { [$0] } ?? []
            // After the crew, which takes the pool along when it stops.
            return [
                notices,
                worker.crew([
                    Duty(.named(SchedulingJobs.queue), work: .within(atOnce: 4) { try await jobs.handle($0, $1) }),
                    Duty(.named(FanOut.queue), batch: 1, work: .within { try await fanOut.handle($0, $1) }),
                    notices.duty(),
                ]),
            ] + reconciler
        }
    }
}
