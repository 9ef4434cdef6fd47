import Foundation
import Postgres
import Reconciliation

/// Which finding a request is about.
struct FindingSubject {
    let practice: String
    let workflow: String
    let key: String

    init(_ visit: Visit) throws(ConsoleError) {
        practice = try visit.part("practice")
        key = try visit.part("key")
        workflow = visit.form["workflow"] ?? visit.query["workflow"] ?? "scheduling"
    }

    var path: String { FindingLook.path(practice, workflow, key) }
    var name: String { "finding \(workflow)/\(key)" }
}

/// A finding as it is on record.
struct StoredFinding {
    let code: String
    let cause: String
    let act: String
    let isWithheld: Bool
    let state: String
    let day: CalendarDay?
    let record: UUID?
    let client: UUID?
    let receivedOn: CalendarDay?
    let entry: Int64?
    let sides: String
    let watermark: Date?
    let first: Date
    let last: Date
    let closed: Date?
    let detail: String
    let location: String
    let provider: String
    let ended: String?
    /// The record stands as it was compared.
    let isAsCompared: Bool

    init(_ subject: FindingSubject, _ desk: Desk) async throws {
        let rows = try await desk.transaction.query(
            FindingQueries.one(subject.practice, subject.workflow, subject.key))
        guard let row = rows.first else { throw ConsoleError.notFound }
        (
            code, cause, act, isWithheld, state, day, record, client, receivedOn, entry, sides, watermark, first,
            last, closed, detail, location, provider, ended, isAsCompared
        ) = try row.decode(
            (
                String, String, String, Bool, String, CalendarDay?, UUID?, UUID?, CalendarDay?, Int64?, String,
                Date?, Date, Date, Date?, String, String, String, String?, Bool
            ).self)
    }

    /// Why, and the mend; of what is withheld nobody is accused.
    var words: (why: String, mend: String) {
        (Words.why(cause, isWithheld: isWithheld), Words.mend(act, isWithheld: isWithheld))
    }

    /// What the worker can do: tell the finding's booking app of the record again.
    var canResend: Bool {
        record != nil && closed == nil && client != nil && !isWithheld
    }
    /// A person can confirm that the PM has deleted it without a message.
    var canRemove: Bool {
        act == Act.confirmRemoval.rawValue && closed == nil && isAsCompared
    }
}
