import Foundation
import Postgres
import Queue
import Worker
import Workflow

/// What the operator asked for and cannot have.
enum CommandError: Error, Equatable, CustomStringConvertible {
    case unreadable(String)
    case notHL7(String, String)
    case laterForm(String)
    case unknownMessage(String)
    case unknownJob(Int64)
    case notBlocked(Int64, state: String)
    case nothingToReplay(String, outcome: String)
    case notAsked(Int64)
    case notACandidate(Int64)
    case unknownQueue(String)
    case noWebhook(String, practice: String)
    case notReached(String)
    case inTheWay(String)
    case nothingToLearn(String)
    case benchFoundOther(String)

    var description: String {
        switch self {
        case .unreadable(let file): "\(file) cannot be read"
        case .notHL7(let file, let what): "\(file): \(what)"
        case .laterForm(let form): "\(form) is read by a later version; this one reads HL7 v2 (--as hl7)"
        case .unknownMessage(let id): "there is no message \(id) in the journal"
        case .unknownJob(let id): "there is no job \(id): it has ended, or never was"
        case .notBlocked(let id, let state):
            "job \(id) is \(state); only parked and uncertain jobs are replayed or discarded"
        case .nothingToReplay(let id, let outcome): "message \(id) has no job to replay: \(outcome)"
        case .notAsked(let id): "job \(id) asks no such thing; `pmsync job \(id)` says what it waits for"
        case .notACandidate(let id): "the appointment is none that job \(id) may mean; `pmsync job \(id)` names them"
        case .unknownQueue(let name): "there is no queue \"\(name)\"; `pmsync feed list` names them"
        case .noWebhook(let client, let practice): "no client \"\(client)\" of practice \"\(practice)\" has a webhook"
        case .inTheWay(let path): "\(path) is there already; the draft wants a folder of its own"
        case .nothingToLearn(let feed):
            "no schedule message of the feed \"\(feed)\" was journaled in that time; `pmsync messages` shows the feeds"
        case .notReached(let address): "nobody answers at \(address)"
        case .benchFoundOther(let what): "the comparison did not find what was planted: \(what)"
        }
    }
}

/// An error as one sentence for a person.
enum Sentence {
    static func of(_ error: any Error) -> String {
        switch error {
        case DefinitionStoreError.none: "no definitions are in force; `pmsync apply DIR` puts them in force"
        case DefinitionStoreError.unreadable(let problems):
            "the definitions in force cannot be read by this version of pmsync, which may be older than the one that "
                + "applied them:\n" + problems.map(\.description).joined(separator: "\n")
        case QueueError.noSecret: notMigrated
        case QueueError.unknownQueue(let name): CommandError.unknownQueue(name).description
        case PostgresError.server(.undefinedTable, _): notMigrated
        case PostgresError.server(.insufficientPrivilege, _):
            "the database user lacks a right; connect as a member of pmsync_operator"
        case let error as CocoaError: error.localizedDescription
        case let error as any CustomStringConvertible: error.description
        default: "it failed: \(error)"
        }
    }

    private static let notMigrated = "the database has not this version's schema; run `pmsync migrate`"
}
