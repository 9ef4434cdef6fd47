import Foundation
import Hosting
import Journal
import Logging
package import Postgres
package import Queue
import Records
package import Workflow

/// The shell around a workflow's decisions: one batch of jobs is one unit of work, read and written in a fixed number of
/// statements however many jobs it has.
package struct WorkflowRunner<Rules: RecordWorkflow>: Sendable {
    /// A job that no input makes, such as a person's command: it runs alone and does its own reading. It gives what others
    /// are told, and the jobs that it leaves.
    package typealias Command = @Sendable (Job, Transaction) async throws -> CommandResult

    private let rules: Rules
    private let inputs: Set<String>
    private let commands: [String: Command]
    private let definitions: DefinitionStore
    private let fanOut: FanOut
    private let fanOutQueue: Int16
    private let logger: Logger

    /// More locks than these are another batch's.
    private static var mostLocks: Int { 256 }

    /// - Parameters:
    ///   - inputs: the kinds of jobs that are inputs of the workflow.
    ///   - commands: by the job's kind.
    package init(
        _ rules: Rules, inputs: Set<String>, commands: [String: Command] = [:], worker: Worker
    ) async throws {
        self.rules = rules
        self.inputs = inputs
        self.commands = commands
        definitions = worker.definitions
        fanOut = FanOut(secret: worker.secret)
        fanOutQueue = try await QueueName.find(FanOut.queue, from: worker.pool).id
        logger = worker.program.logger
    }

    /// The work of one commit.
    package func run(_ batch: JobBatch, _ transaction: Transaction) async throws -> BatchResult {
        guard let first = batch.jobs.first else { return BatchResult() }
        if inputs.contains(first.kind) {
            let count = batch.jobs.firstIndex { !inputs.contains($0.kind) } ?? batch.jobs.count
            return try await decide(batch.prefix(count), transaction)
        }
        return try await batch.prefix(1).each { job in
            guard let command = commands[job.kind] else {
                throw Failure(code: "unknown-kind", kind: .permanent, stage: "take", holdsKey: false)
            }
            let result = try await command(job, transaction)
            try await write(result.effects, transaction)
            for (queue, jobs) in result.jobs.sorted(by: { $0.key.id < $1.key.id }) {
                try await NewJob.enqueue(jobs, into: queue.id, in: transaction)
            }
            return Done(rings: rings(result.effects).union(result.jobs.keys.map(\.name)))
        }
    }

    // MARK: Inputs

    private struct Work {
        let job: Job
        let input: Input?
        let parsed: Result<Rules.Parsed, Failure>
    }

    /// The first of a batch asks for more than was read.
    private struct NotLoaded: Error {}

    /// - Parameter isWhole: whether everything is read that was said of what is found: for a first job that asks for it.
    private func decide(
        _ batch: JobBatch, isWhole: Bool = false, _ transaction: Transaction
    ) async throws -> BatchResult {
        let definition = try await definitions.current(isFresh: batch.jobs.contains(where: \.isTriedAgain))
        let entries = try await Entry.read(batch.jobs.compactMap(\.entryID), in: transaction)
        var needs = Rules.Slice.Needs()
        var work: [Int64: Work] = [:]
        var count = 0
        for job in batch.jobs {
            let one = parse(job, entries, definition)
            var more = Rules.Slice.Needs()
            if let input = one.input, case .success(let parsed) = one.parsed {
                more = rules.needs(of: parsed, from: input)
            }
            if count > 0, needs.locks + more.locks > Self.mostLocks { break }
            needs.formUnion(more)
            (work[job.id], count) = (one, count + 1)
        }
        needs.wantsHistory = needs.wantsHistory || isWhole
        var slice = try await Rules.Slice.load(needs, in: transaction)
        var effects: [Effect] = []
        var outcomes: [Outcome] = []
        let decideOne = { (job: Job) throws -> JobBatch.Step in
            guard let one = work[job.id] else { return .endsBatch }
            let parsed = try one.parsed.get()
            guard let input = one.input else { return .endsBatch }
            let draft: Rules.Slice.Draft
            do throws(Undecided) {
                draft = try rules.decide(parsed, in: slice, DecisionContext(definition, input))
            } catch {
                if case .parked(let park) = error { throw Failure(park, stage: "resolve") }
                if job.id != batch.jobs.first?.id { return .endsBatch }
                if isWhole { throw Failure(code: "not-loaded", kind: .permanent, stage: "resolve", holdsKey: true) }
                throw NotLoaded()
            }
            let effect = slice.apply(draft)
            effects.append(effect)
            outcomes.append(
                Outcome(
                    entry: input.entry, workflow: Rules.name, definition: definition.digest, code: effect.code))
            logger.debug(
                "An input is decided.",
                metadata: [
                    "message.id": "\(input.entry.number)", "outcome.code": "\(effect.code)",
                    "practice": "\(effect.practice)",
                ])
            return .done
        }
        var result: BatchResult
        do {
            result = try batch.prefix(count).decide(decideOne)
        } catch is NotLoaded {
            return try await decide(batch.prefix(1), isWhole: true, transaction)
        }
        for part in [WriteOrder.persons, .records, .resources] { try await slice.save(part, in: transaction) }
        if !outcomes.isEmpty { try await Outcome.record(outcomes, in: transaction) }
        try await write(effects, transaction)
        result.rings.formUnion(rings(effects))
        return result
    }

    private func parse(_ job: Job, _ entries: [EntryID: Entry], _ definition: Definition) -> Work {
        guard let id = job.entryID, let entry = entries[id] else {
            let failure = Failure(code: "no-entry", kind: .permanent, stage: "read", holdsKey: false)
            return Work(job: job, input: nil, parsed: .failure(failure))
        }
        let input = Input(
            kind: job.kind, entry: id, bytes: entry.payload, feed: entry.feed, practice: entry.practice,
            port: job.port, receivedAt: entry.receivedAt, isTriedAgain: job.isTriedAgain)
        do {
            return Work(job: job, input: input, parsed: .success(try rules.parse(input, definition)))
        } catch {
            return Work(job: job, input: input, parsed: .failure(Failure(error, stage: "read")))
        }
    }

    // MARK: Changes

    /// Counters, then queue keys: the last that a commit locks but for its lanes.
    private func write(_ effects: [Effect], _ transaction: Transaction) async throws {
        var changes: [String: [NewChange]] = [:]
        for effect in effects where !effect.changes.isEmpty { changes[effect.practice, default: []] += effect.changes }
        if changes.isEmpty { return }
        for (practice, some) in changes.sorted(by: { $0.key < $1.key }) {
            try await NewChange.append(some, practice: practice, in: transaction)
        }
        try await NewJob.enqueue(changes.keys.sorted().map { fanOut.job(for: $0) }, into: fanOutQueue, in: transaction)
    }

    private func rings(_ effects: [Effect]) -> Set<String> {
        effects.contains { !$0.changes.isEmpty } ? [FanOut.queue] : []
    }
}

/// What a command did.
package struct CommandResult: Sendable {
    package var effects: [Effect]
    /// More jobs, by their queue.
    package var jobs: [QueueName: [NewJob]]

    package init(_ effects: [Effect] = [], jobs: [QueueName: [NewJob]] = [:]) {
        self.effects = effects
        self.jobs = jobs
    }
}

extension Job {
    fileprivate var entryID: EntryID? {
        guard let day, let entry else { return nil }
        return EntryID(day: day, number: entry)
    }

    fileprivate var port: Int? {
        if payload == "{}" { return nil }
        struct Payload: Decodable { let port: Int? }
        return (try? JSONDecoder().decode(Payload.self, from: Data(payload.utf8)))?.port
    }
}

extension Failure {
    /// An input that waits for a person. The candidates are our own ids.
    package init(_ park: Park, stage: String) {
        let item = park.unmapped.map {
            WorkItem(id: $0.id, practice: $0.practice, table: $0.table.rawValue, code: $0.code)
        }
        self.init(
            code: park.code.rawValue, kind: .permanent, stage: stage,
            detail: Deciding.detail(park.detail, candidates: park.candidates), holdsKey: park.holdsKey, workItem: item)
    }
}
