import Hosting
import Queue
import ServiceLifecycle
import Worker
import Workflow

/// The process `pmsync-scheduling`: its services in order.
package enum SchedulingWorker {
    package static func main() async -> Never {
        await Program.main("scheduling") { program in
            let worker = try await Worker(program, role: "pmsync_scheduling")
            let jobs = try await SchedulingJobs(worker)
            let fanOut = FanOut(secret: worker.secret)
            let parity = ParityJobs(definitions: worker.definitions)
            let notices = Notices(worker)
            let reconciler: [any Service] = Reconciler(worker).map { [$0] } ?? []
            let judge = ParityJudge(pool: worker.pool, logger: program.logger)
            let mails: [Duty] = Mails(worker).map { [$0.duty()] } ?? []
            let scanner: [any Service] = CodeScanner(worker).map { [$0] } ?? []
            // After the crew, which takes the pool along when it stops.
            return [
                notices, judge,
                try await MidnightWatch(worker),
                try await DayWatch(worker),
                worker.crew(
                    [
                        Duty(
                            .named(SchedulingJobs.queue), pace: .milliseconds(10), onFailure: SchedulingJobs.note,
                            work: .batches { try await jobs.batch($0, $1) }),
                        Duty(.named(Route.parity), work: .within { try await parity.handle($0, $1) }),
                        fanOut.duty(),
                        notices.duty(),
                    ] + mails),
                try await FeedWatch(worker),
            ] + reconciler + scanner
        }
    }
}
