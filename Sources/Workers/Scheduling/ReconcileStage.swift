import Foundation
import Postgres
import Practice
import Reconciliation

/// A list on its way into the database: lines are packed as they are read and sent a megabyte at a time.
struct ListStage {
    /// As of when the list speaks.
    let asOf: Date
    private let session: Session
    private let side: Int16
    private let time: PracticeTime
    private var rows = CopyRows()
    private(set) var count: Int64 = 0
    /// Words for who is booked, and for places, that are no code, name or NPI here; such entries are compared without.
    var unknownResources = 0
    var unknownLocations = 0
    private(set) var unread: UnreadLines?
    /// The starts by quarters of an hour, which no day's edge cuts in any zone: as few as there are in the window.
    private var quarters: Set<Int> = []

    private static let batch = 1 << 20

    init(_ side: Int16, asOf: Date, time: PracticeTime, in session: Session) {
        self.side = side
        self.asOf = asOf
        self.time = time
        self.session = session
    }

    mutating func add(_ listed: ListedEntry) async throws(ListProblem) {
        count += 1
        let entry = listed.entry
        if let start = entry.start { quarters.insert(Int((start.timeIntervalSince1970 / 900).rounded(.down))) }
        rows.append(
            side, count, entry.reference, listed.patient, listed.ownID, listed.isBlock, listed.isNamedByReference,
            listed.names.map(\.kind.rawValue), listed.names.map(\.authority), listed.names.map(\.value), entry.start,
            entry.end, entry.status?.rawValue, entry.sourceStatus, entry.isStatusDerived, entry.resource,
            entry.location, entry.version.map(Int64.init), entry.changedAt, entry.display.last4)
        if rows.size > Self.batch { try await send() }
    }

    /// Notes a line that could not be read, by the names that it bears.
    mutating func note(_ problem: ListProblem, naming reference: String?, _ own: UUID?) {
        if unread == nil {
            unread = UnreadLines(problem, naming: reference, own)
        } else {
            unread?.add(naming: reference, own)
        }
    }

    /// To be called once the list is read to its end.
    mutating func finish() async throws(ListProblem) -> ReadList {
        try await send()
        let days = quarters.map { time.day(of: Date(timeIntervalSince1970: TimeInterval($0) * 900)) }
        return ReadList(
            asOf: asOf, count: Int(count), days: Set(days), unknownResources: unknownResources,
            unknownLocations: unknownLocations, unread: unread)
    }

    private mutating func send() async throws(ListProblem) {
        if rows.count == 0 { return }
        do throws(PostgresError) {
            try await session.copyIn(
                """
                COPY pg_temp.listed (side, n, reference, patient, own, is_block, by_reference, name_kinds,
                    name_authorities, name_values, start_at, end_at, status, source_status, derived, resource, location,
                    version, changed_at, last4) FROM STDIN (FORMAT binary)
                """, rows)
        } catch {
            throw .ofDatabase(error)
        }
        rows = CopyRows()
    }
}
