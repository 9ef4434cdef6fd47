package import Postgres
package import Practice

/// Who and what can be booked, as far as files are loaded that say so. Pure but for loading and saving.
package struct ResourceSlice: Sendable {
    package struct Key: Hashable, Sendable {
        package let practice: String
        package let kind: ResourceUse.Kind
        package let code: String

        package init(practice: String, kind: ResourceUse.Kind, code: String) {
            self.practice = practice
            self.kind = kind
            self.code = code
        }
    }

    struct Resource: Hashable, Sendable {
        var name: String
        var npi: String
        var capacity: Int32
    }

    private var resources: [Key: Resource] = [:]
    private var changed: [Key: Resource] = [:]

    package init() {}

    /// Makes the resource, or changes it where the row says something else; an empty name, NPI or capacity leaves the
    /// record's. Gives whether anything changed.
    package mutating func load(_ use: ResourceUse, capacity: Int32?, in practice: String) -> Bool {
        let key = Key(practice: practice, kind: use.kind, code: use.code)
        var resource = resources[key] ?? Resource(name: "", npi: "", capacity: 1)
        if !use.name.isEmpty { resource.name = use.name }
        if !use.npi.isEmpty { resource.npi = use.npi }
        if let capacity { resource.capacity = capacity }
        if resources[key] == resource { return false }
        (resources[key], changed[key]) = (resource, resource)
        return true
    }

    /// What loading it would do.
    package func standing(of use: ResourceUse, capacity: Int32?, in practice: String) -> Standing {
        guard let known = resources[Key(practice: practice, kind: use.kind, code: use.code)] else { return .new }
        var changes: [String] = []
        if !use.name.isEmpty, use.name != known.name { changes.append("name") }
        if !use.npi.isEmpty, use.npi != known.npi { changes.append("npi") }
        if let capacity, capacity != known.capacity { changes.append("capacity") }
        return changes.isEmpty ? .same : .changes(changes)
    }

    /// Unique key of resource.
    package static func loading(_ keys: [Key]) -> SQL {
        """
        SELECT r.practice_id, r.kind, r.code, r.name, r.npi, r.capacity
        FROM unnest(\(keys.map(\.practice)), \(keys.map(\.kind.rawValue)), \(keys.map(\.code))) AS i (practice, kind, code)
        CROSS JOIN LATERAL (
            SELECT x.* FROM records.resource x
            WHERE x.practice_id = i.practice AND x.kind = i.kind AND x.code = i.code LIMIT 1
        ) r
        """
    }

    package mutating func put(_ rows: [Row]) throws {
        for row in rows {
            let (practice, kind, code, name, npi, capacity) = try row.decode(
                (String, String, String, String, String, Int32).self)
            guard let kind = ResourceUse.Kind(rawValue: kind) else { throw RecordsError.unreadable("resource.kind") }
            resources[Key(practice: practice, kind: kind, code: code)] = Resource(
                name: name, npi: npi, capacity: capacity)
        }
    }

    package func save(in transaction: Transaction) async throws {
        let sorted = changed.sorted { one, other in
            (one.key.practice, one.key.kind.rawValue, one.key.code)
                < (other.key.practice, other.key.kind.rawValue, other.key.code)
        }
        if sorted.isEmpty { return }
        try await transaction.later(
            """
            INSERT INTO records.resource (practice_id, kind, code, name, npi, capacity)
            SELECT * FROM unnest(\(sorted.map(\.key.practice)), \(sorted.map(\.key.kind.rawValue)),
                \(sorted.map(\.key.code)), \(sorted.map(\.value.name)), \(sorted.map(\.value.npi)),
                \(sorted.map(\.value.capacity)))
            ON CONFLICT (practice_id, kind, code) DO UPDATE SET
                name = excluded.name, npi = excluded.npi, capacity = excluded.capacity, changed_at = clock_timestamp()
            """)
    }

    package mutating func settle() { changed = [:] }
}
