import Foundation
import Postgres
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

    /// Reads it in pieces and stages what starts within reach.
    func read(_ context: ListContext, side: Int16, in session: Session) async throws(ListProblem) -> ReadList {
        // Before the file: where it is replaced meanwhile, it is newer than it says, which accuses nobody.
        let asOf = min(try madeAt(), context.clock)
        guard let handle = FileHandle(forReadingAtPath: path) else { throw ListProblem("list-missing") }
        defer { try? handle.close() }
        var records = CSVReader(isForgiving: true)
        var table: Table?
        var stage = ListStage(side, asOf: asOf, time: context.time, in: session)
        var rows = 0
        while true {
            let piece: Data
            do { piece = try handle.read(upToCount: 65_536) ?? Data() } catch { throw ListProblem("list-unreadable") }
            let read: [CSVReader.Record]
            do throws(ReconciliationError) {
                read = piece.isEmpty ? [try records.finish()].compactMap(\.self) : try records.read(piece)
            } catch {
                throw ListProblem(error)
            }
            for record in read {
                if table == nil {
                    do throws(ReconciliationError) {
                        table = try Table(header: record, isPM: isPM, context: context, asOf: asOf)
                    } catch {
                        throw ListProblem(error)
                    }
                    continue
                }
                rows += 1
                let listed: ListedEntry?
                do throws(ReconciliationError) {
                    listed = try table?.entry(record, &stage) ?? nil
                } catch {
                    if let table { try Self.note(ListProblem(error), record, table, &stage) }
                    continue
                }
                if let listed { try await stage.add(listed) }
            }
            if piece.isEmpty { break }
        }
        if table == nil { throw ListProblem(.csv(line: 1, .noHeader)) }
        // An export without one row is a failed export far more often than an empty book.
        if rows == 0 { throw ListProblem("list-empty") }
        if let unread = stage.unread, !unread.isBearable(of: rows) { throw unread.first }
        return try await stage.finish()
    }

    /// One bad row is named, and the others are read; one that goes over several lines may have swallowed others.
    private static func note(
        _ problem: ListProblem, _ record: CSVReader.Record, _ table: Table, _ stage: inout ListStage
    ) throws(ListProblem) {
        if record.lastLine > record.line, record.fields.count != table.fieldCount { throw problem }
        stage.note(problem, naming: table.list.appointment(record), table.ownID(record))
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
        var list: PMList
        let fieldCount: Int
        let isPM: Bool
        /// Where our own id is, in a booking app's file.
        let own: Int?
        let context: ListContext
        let asOf: Date
        private var statuses = Remembered<String, Said>()
        private var resources = Remembered<String, String?>()
        private var sites = Remembered<String, String?>()

        private struct Said: Sendable {
            let status: AppointmentStatus?
            let isBlock: Bool
            let isListed: Bool
        }

        init(header: CSVReader.Record, isPM: Bool, context: ListContext, asOf: Date) throws(ReconciliationError) {
            if let fault = header.fault { throw .csv(line: header.line, fault) }
            list = try PMList(header: header, time: context.time, asOf: asOf)
            fieldCount = header.fields.count
            let plain = header.fields.map { $0.lowercased().filter { $0.isLetter || $0.isNumber } }
            own = plain.firstIndex { ["pmsyncid", "ourid", "record", "recordid"].contains($0) }
            self.isPM = isPM
            self.context = context
            self.asOf = asOf
        }

        /// Nil where it is out of reach, or nothing to tell.
        mutating func entry(
            _ record: CSVReader.Record, _ stage: inout ListStage
        ) throws(ReconciliationError) -> ListedEntry? {
            let row = try list.row(record)
            guard context.reach.contains(row.start.instant) else { return nil }
            let context = context
            let said = statuses.value(for: row.status) { word in
                let (status, isBlock, isListed) = context.status(word)
                return Said(
                    status: status ?? AppointmentStatus(rawValue: word.lowercased()), isBlock: isBlock,
                    isListed: isListed)
            }
            guard said.isListed else { return nil }
            let patient = said.isBlock ? "" : row.patient
            var entry = row.entry(authority: "", status: said.status, person: patient)
            entry.identifiers = []
            entry.isStatusDerived = context.isDerived(said.status, start: entry.start, asOf: asOf)
            entry.resource = resources.value(for: row.provider) { context.bookables.code($0) }
            if entry.resource == nil, !row.provider.isEmpty { stage.unknownResources += 1 }
            entry.location = sites.value(for: row.location) { context.bookables.site($0) }
            if entry.location == nil, !row.location.isEmpty { stage.unknownLocations += 1 }
            return ListedEntry(
                entry: entry, patient: patient, ownID: ownID(record), isBlock: said.isBlock, isNamedByReference: isPM)
        }

        /// Our own id, also of a row that cannot be used for another reason.
        func ownID(_ record: CSVReader.Record) -> UUID? {
            guard !isPM, record.fault == nil, record.fields.count == fieldCount else { return nil }
            let text = own.map { record.fields[$0] } ?? list.appointment(record) ?? ""
            return UUID(uuidString: text.trimmingCharacters(in: .whitespaces))
        }
    }
}
