import Foundation
import Practice
import Reconciliation

/// A list that is a CSV file: the PM's own, or a booking app's in the same layout with a column of our ids.
struct ListFile: Sendable {
    let path: String
    /// The PM's own: its ids are the names that messages bear. A booking app's ids are its own affair.
    let isPM: Bool

    /// A relative path is under the data folder; `{date}` is the practice's day.
    init(_ stated: String, folder: String?, day: Day, isPM: Bool) {
        self.isPM = isPM
        let named = stated.replacing("{date}", with: day.description)
        path = named.hasPrefix("/") ? named : (folder.map { $0 + "/" } ?? "") + named
    }

    /// Reads it in pieces and keeps what starts within reach.
    func read(_ context: ListContext) throws(ListProblem) -> ReadList {
        // Before the file: where it is replaced meanwhile, it is newer than it says, which accuses nobody.
        let asOf = min(try madeAt(), context.clock)
        guard let handle = FileHandle(forReadingAtPath: path) else { throw ListProblem("list-missing") }
        defer { try? handle.close() }
        var records = CSVReader()
        var table: Table?
        var list = ReadList(entries: [], asOf: asOf)
        var rows = 0
        func take(_ record: CSVReader.Record) throws(ReconciliationError) {
            guard let known = table else {
                table = try Table(header: record, isPM: isPM, context: context, asOf: asOf)
                return
            }
            rows += 1
            known.add(try known.list.row(record), record, to: &list)
        }
        do {
            while let piece = try handle.read(upToCount: 65_536), !piece.isEmpty {
                for record in try records.read(piece) { try take(record) }
            }
            if let last = try records.finish() { try take(last) }
        } catch let error as ReconciliationError {
            throw ListProblem(error)
        } catch {
            throw ListProblem("list-unreadable")
        }
        if table == nil { throw ListProblem(.csv(line: 1, .noHeader)) }
        // An export without one row is a failed export far more often than an empty book.
        if rows == 0 { throw ListProblem("list-empty") }
        return list
    }

    /// What NAME.asof says, else when the file was written.
    private func madeAt() throws(ListProblem) -> Date {
        if let text = try? String(contentsOfFile: path + ".asof", encoding: .utf8) {
            let stamp = text.trimmingCharacters(in: .whitespacesAndNewlines)
            let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            if let instant = (try? Date(stamp, strategy: .iso8601)) ?? (try? Date(stamp, strategy: fractional)) {
                return instant
            }
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let written = attributes?[.modificationDate] as? Date else { throw ListProblem("list-missing") }
        return written
    }

    private struct Table {
        let list: PMList
        let isPM: Bool
        /// Where our own id is, in a booking app's file.
        let own: Int?
        let context: ListContext
        let asOf: Date

        init(header: CSVReader.Record, isPM: Bool, context: ListContext, asOf: Date) throws(ReconciliationError) {
            list = try PMList(header: header, time: context.time, asOf: asOf)
            let plain = header.fields.map { $0.lowercased().filter { $0.isLetter || $0.isNumber } }
            own = plain.firstIndex { ["pmsyncid", "ourid", "record", "recordid"].contains($0) }
            self.isPM = isPM
            self.context = context
            self.asOf = asOf
        }

        func add(_ row: PMList.Row, _ record: CSVReader.Record, to read: inout ReadList) {
            guard context.reach.contains(row.start.instant) else { return }
            let said = context.status(row.status)
            guard said.isListed else { return }
            let status = said.status ?? AppointmentStatus(rawValue: row.status.lowercased())
            let patient = said.isBlock ? "" : row.patient
            var entry = row.entry(authority: "", status: status, person: patient)
            entry.identifiers = []
            entry.isStatusDerived = context.isDerived(status, start: entry.start, asOf: asOf)
            entry.resource = context.bookables.code(row.provider)
            if entry.resource == nil, !row.provider.isEmpty { read.unknownResources += 1 }
            let ownID = isPM ? "" : own.map { record.fields[$0] } ?? row.appointment
            read.entries.append(
                ListedEntry(
                    entry: entry, patient: patient, ownID: UUID(uuidString: ownID), isBlock: said.isBlock,
                    isNamedByReference: isPM))
        }
    }
}
