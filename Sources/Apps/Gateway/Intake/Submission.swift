import Journal
import MLLP
import Queue
import Workflow

/// One thing that waits for the intake's next commit.
enum Submission: Sendable {
    case message(Reception)
    /// What never became an entry: cut, over-long, not allowed.
    case refusal(Journal.Refusal)

    /// What it weighs in memory.
    var size: Int {
        switch self {
        case .message(let reception): reception.arrival.payload.count + 512
        case .refusal(let refusal): refusal.head.count + 512
        }
    }
}

extension Reception {
    static let jobKind = "message"

    /// The entry's job, for the queue of `route.workflow`. Its payload names the feed's own port where it came by one:
    /// with that a worker can route the message again, under a later definition.
    func job(_ entry: EntryID, secret: KeySecret) -> NewJob {
        NewJob(
            kind: Self.jobKind, key: JobKey(route.keyMaterial, secret: secret), practice: route.practice,
            day: entry.day, entry: entry.number, payload: door.port.map { #"{"port":\#($0)}"# } ?? "{}")
    }
}
