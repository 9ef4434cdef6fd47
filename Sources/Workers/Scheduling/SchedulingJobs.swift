package import Hosting
import Logging
package import Postgres
import Practice
package import Queue
import Records
package import Worker
import Workflow

/// Scheduling's jobs: inputs go through `SchedulingWorkflow`, a person's commands and the clock's run alone.
package struct SchedulingJobs: Sendable {
    package static let queue = "scheduling"
    /// A message of the journal.
    package static let message = "message"
    /// A finding's mend: tell a booking app again how a record stands.
    package static let resend = "resend"
    /// A practice's midnight has passed.
    package static let midnight = "midnight"
    /// The PM has deleted an appointment without a message.
    package static let remove = Removing.jobKind
    /// A decision was wrong.
    package static let takeBack = TakingBack.jobKind

    private let runner: WorkflowRunner<SchedulingWorkflow>

    /// - Parameter wall: in place of the program's own clock.
    package init(_ worker: Worker, wall: Wall? = nil) async throws {
        let commands = SchedulingCommands(
            definitions: worker.definitions, wall: wall ?? worker.program.settings.wall, secret: worker.secret,
            queue: try await QueueName.find(Self.queue, from: worker.pool),
            fanOutQueue: try await QueueName.find(FanOut.queue, from: worker.pool), logger: worker.program.logger)
        runner = try await WorkflowRunner(
            SchedulingWorkflow(), inputs: [Self.message, LoadJob.kind],
            commands: [
                Self.midnight: commands.passMidnight, Self.remove: commands.remove, Self.takeBack: commands.takeBack,
                Self.resend: commands.resend,
            ], worker: worker)
    }

    /// The work of one commit.
    package func batch(_ jobs: JobBatch, _ transaction: Transaction) async throws -> BatchResult {
        try await runner.run(jobs, transaction)
    }

    /// Puts the code that a message waits for on the list of unmapped ones, in the commit that parks it.
    package static func note(_ job: Job, _ failure: Failure, _ transaction: Transaction) async throws {
        guard let item = failure.workItem else { return }
        try await UnmappedItem.note(item, in: transaction)
    }
}
