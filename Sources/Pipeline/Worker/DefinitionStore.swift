import Foundation
package import Postgres
import Practice
import Records
package import Workflow

/// The definition in force, as the database has it. A new version is taken at a job's boundary, within a second.
package actor DefinitionStore {
    private let pool: Pool
    private var held: (id: Int64, definition: Definition)?
    private var lookedAt: ContinuousClock.Instant?

    package init(pool: Pool) {
        self.pool = pool
    }

    /// Lets its sessions go. For whoever gave it a pool of its own.
    package nonisolated func close() {
        pool.close()
    }

    /// Throws `DefinitionStoreError.none` before the first `pmsync apply`.
    ///
    /// - Parameter isFresh: look now, rather than rely on the last second's look: a replay follows on the heels of an apply.
    package func current(isFresh: Bool = false) async throws -> Definition {
        if !isFresh, let held, let lookedAt, ContinuousClock.now - lookedAt < .seconds(1) { return held.definition }
        let newest = try await pool.query("SELECT max(id) FROM workflow.definition").first?.decode(Int64?.self) ?? nil
        guard let newest else { throw DefinitionStoreError.none }
        lookedAt = .now
        if let held, held.id == newest { return held.definition }
        guard let row = try await pool.query("SELECT files::text FROM workflow.definition WHERE id = \(newest)").first
        else { throw DefinitionStoreError.none }
        let files = try JSONDecoder().decode([String: String].self, from: Data(try row.decode(String.self).utf8))
        let definition = try Definition(files: files)
        held = (newest, definition)
        return definition
    }

    /// The files in force, path to text. Throws `none` before the first `pmsync apply`.
    package func files() async throws -> [String: String] {
        let row = try await pool.query("SELECT files::text FROM workflow.definition ORDER BY id DESC LIMIT 1").first
        guard let row else { throw DefinitionStoreError.none }
        return try JSONDecoder().decode([String: String].self, from: Data(try row.decode(String.self).utf8))
    }

    /// Checks the whole folder and makes it the version in force; false when it is so already. Practices and what their
    /// resources can take are written with it. Throws the whole list of what is wrong, and then nothing has changed.
    package static func apply(_ files: [String: String], by person: String, to pool: Pool) async throws -> Bool {
        let definition = try Definition(files: files)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(files), as: UTF8.self)
        return try await pool.transaction { transaction in
            let before = try await newest(transaction)
            let inserted = try await transaction.execute(
                """
                INSERT INTO workflow.definition (digest, files, applied_by)
                SELECT \(definition.digest), \(text)::text::jsonb, \(person)
                WHERE \(definition.digest)::bytea IS DISTINCT FROM
                    (SELECT d.digest FROM workflow.definition d ORDER BY d.id DESC LIMIT 1)
                """)
            for practice in definition.practices.values.sorted(by: { $0.id < $1.id }) {
                _ = try await transaction.execute(
                    """
                    INSERT INTO records.practice (practice_id, enterprise_id, name, zone)
                    VALUES (\(practice.id), \(practice.enterprise), \(practice.name), \(practice.zoneName))
                    ON CONFLICT (practice_id) DO UPDATE SET name = excluded.name, zone = excluded.zone
                    WHERE (practice.name, practice.zone) IS DISTINCT FROM (excluded.name, excluded.zone)
                    """)
            }
            for change in ModeSwitch.stated(by: definition, after: before, actor: person) {
                _ = try await change.carryOut(in: transaction)
            }
            return inserted > 0
        }
    }
}

/// The definition in force; nil where there is none, or this program no longer reads it.
private func newest(_ transaction: Transaction) async throws -> Definition? {
    let rows = try await transaction.query("SELECT files::text FROM workflow.definition ORDER BY id DESC LIMIT 1")
    guard let text = try rows.first?.decode(String.self) else { return nil }
    let files = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    return try? Definition(files: files)
}

package enum DefinitionStoreError: Error, Equatable, Sendable {
    /// Nothing was applied to this database yet.
    case none
}
