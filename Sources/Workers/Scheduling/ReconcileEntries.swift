import Foundation
import Postgres
import Practice
import Reconciliation

/// What the sieve left, side by side in the order of keys, by cursors, so that a batch at a time is held.
struct DoubtfulEntries {
    let practice: String
    let enterprise: String
    let transaction: Transaction

    func ours() async throws -> EntryStream {
        try await stream(
            """
            \(fragment: ourColumns(part: "s.part")) FROM pg_temp.doubted o
            JOIN pg_temp.sifted s ON s.id = o.id AND s.class = 'doubtful'
            ORDER BY o.id
            """, Entry.init(ours:))
    }

    /// Those that are none of our records come last, by start, person and resource.
    func theirs(side: Int16) async throws -> EntryStream {
        try await stream(
            """
            SELECT t.record, t.reference, t.names, t.bears_our_id, t.person, t.person = '' OR t.person_id IS NOT NULL,
                t.initials, t.last4, t.start_at, t.end_at, t.status, t.source_status, t.derived, t.resource, t.location,
                t.version, t.changed_at, t.part
            FROM pg_temp.theirs t
            LEFT JOIN pg_temp.sifted s ON s.id = t.record
            WHERE t.side = \(side) AND (t.record IS NULL OR s.class = 'doubtful')
            ORDER BY t.record NULLS LAST, t.start_at, t.person COLLATE "C", coalesce(t.resource, '') COLLATE "C",
                t.reference COLLATE "C"
            """, Entry.init(theirs:))
    }

    /// The records that overbook a resource, and who each of them meets there.
    func overbooked() async throws -> Set<UUID> {
        Set(try await transaction.query("SELECT DISTINCT id FROM pg_temp.clash").map { try $0.decode(UUID.self) })
    }

    func others(than id: UUID) async throws -> [Entry] {
        try await transaction.query(
            "\(fragment: ourColumns(part: "false")) FROM pg_temp.ours o JOIN pg_temp.clash c ON c.other = o.id AND c.id = \(id) ORDER BY o.start_at, o.id"
        ).map(Entry.init(ours:))
    }

    private func ourColumns(part: SQL) -> SQL {
        """
        SELECT o.id, o.version, o.status, o.source_status, o.start_at, o.end_at, o.changed_at, o.person_id, o.initials,
            (SELECT right(l.value, 4) FROM records.person_alias l
             WHERE l.enterprise_id = \(enterprise) AND l.person_id = o.person_id AND l.kind = 'mrn'
             ORDER BY l.trust DESC, l.first_seen_at LIMIT 1),
            o.resource, o.location, o.derived, \(fragment: part)
        """
    }

    private func stream(_ sql: SQL, _ entry: @escaping (Row) throws -> Entry) async throws -> EntryStream {
        let rows = CursorRows(try await transaction.cursor(sql))
        return EntryStream { try await rows.next().map(entry) }
    }
}

/// A cursor's rows one by one.
private final class CursorRows {
    private let cursor: Cursor
    private var rows: ArraySlice<Row> = []
    private var isOver = false

    init(_ cursor: Cursor) { self.cursor = cursor }

    func next() async throws -> Row? {
        if rows.isEmpty && !isOver {
            rows = try await cursor.next()[...]
            isOver = rows.isEmpty
        }
        return rows.popFirst()
    }
}

extension Entry {
    fileprivate init(ours row: Row) throws {
        let (
            id, version, status, word, start, end, changedAt, person, initials, last4, resource, location, derived, part
        ) =
            try row.decode(
                (
                    UUID, Int, String, String, Date?, Date?, Date, UUID?, String, String?, String?, String?, Bool, Bool
                ).self)
        self.init(
            reference: id.uuidString.lowercased(), person: person?.uuidString.lowercased() ?? "",
            status: AppointmentStatus(rawValue: status), start: start, end: end)
        record = id
        sourceStatus = word
        isStatusDerived = derived
        hasChart = last4 != nil
        self.resource = resource
        self.location = location
        self.version = version
        self.changedAt = changedAt
        isPartOfVisit = part
        display = Display(initials: initials, last4: last4 ?? "")
    }

    fileprivate init(theirs row: Row) throws {
        let (
            record, reference, names, bearsOurID, person, isPersonKnown, initials, last4, start, end, status, word,
            derived, resource, location, version, changedAt, part
        ) = try row.decode(
            (
                UUID?, String, [String], Bool, String, Bool, String, String, Date?, Date?, String?, String, Bool,
                String?, String?, Int?, Date?, Bool
            ).self)
        self.init(
            reference: reference, person: person, status: status.flatMap(AppointmentStatus.init(rawValue:)),
            start: start, end: end)
        self.record = record
        identifiers = names.map { Identifier(.booking, authority: "", value: $0) }
        sourceStatus = word
        isStatusDerived = derived
        self.bearsOurID = bearsOurID
        self.isPersonKnown = isPersonKnown
        self.resource = resource
        self.location = location
        self.version = version
        self.changedAt = changedAt
        isPartOfVisit = part
        display = Display(initials: initials, last4: last4)
    }
}
