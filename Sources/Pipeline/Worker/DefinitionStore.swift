import Foundation
package import Hosting
import Logging
package import Postgres
import Practice
import Records
package import Workflow

/// The definition in force, as the database has it. A new version is taken at a job's boundary, within a second.
///
/// One that this program cannot read, because a newer `pmsync` applied it, does not take the place of the last good one:
/// that stays in force here until the program is brought up to date or a version comes that it can read.
///
///     good --- one that cannot be read is applied ---> stale: the last good one, and an alarm --- a good one ---> good
///     none --- one that cannot be read is applied ---> `unreadable` is thrown, and an alarm --- a good one ---> good
package actor DefinitionStore {
    private let pool: Pool
    private let alarm: Alarm?
    private var held: (id: Int64, definition: Definition)?
    private var unreadable: (id: Int64, problems: [Problem])?
    private var lookedAt: ContinuousClock.Instant?

    /// - Parameter metrics: of a program that runs on, which raises the alarm about a definition that it cannot read. Nil
    ///   for a command, which tells its error itself.
    package init(pool: Pool, metrics: Metrics? = nil) {
        self.pool = pool
        alarm = metrics.map(Alarm.init)
    }

    /// Lets its sessions go. For whoever gave it a pool of its own.
    package nonisolated func close() {
        pool.close()
    }

    /// What is wrong with the definition in force, where this program works by the one before or by none. Empty: nothing.
    package var problems: [Problem] { unreadable?.problems ?? [] }

    /// Throws `DefinitionStoreError.none` before the first `pmsync apply`, and `unreadable` where the one in force cannot
    /// be read and no other was before.
    ///
    /// - Parameter isFresh: look now, rather than rely on the last second's look: a replay follows on the heels of an apply.
    package func current(isFresh: Bool = false) async throws -> Definition {
        if !isFresh, let held, let lookedAt, ContinuousClock.now - lookedAt < .seconds(1) { return held.definition }
        let newest = try await pool.query("SELECT max(id) FROM workflow.definition").first?.decode(Int64?.self) ?? nil
        guard let newest else { throw DefinitionStoreError.none }
        lookedAt = .now
        if let held, held.id == newest { return held.definition }
        if unreadable?.id != newest { try await read(newest) }
        if let held { return held.definition }
        throw DefinitionStoreError.unreadable(problems)
    }

    private func read(_ id: Int64) async throws {
        guard let row = try await pool.query("SELECT files::text FROM workflow.definition WHERE id = \(id)").first
        else { throw DefinitionStoreError.none }
        let text = try row.decode(String.self)
        do {
            let files = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
            held = (id, try Definition(files: files))
            unreadable = nil
            alarm?.end()
        } catch {
            let problems = (error as? DefinitionError)?.problems ?? []
            unreadable = (id, problems.isEmpty ? [Self.unknownForm] : problems)
            alarm?.raise(id, self.problems, isStale: held != nil)
        }
    }

    private static let unknownForm = Problem(
        file: "definition", line: 1, text: "its files are not as this version keeps them")

    /// Told once a definition: an error in the log, and a metric for as long as it lasts.
    private struct Alarm: Sendable {
        private let gauge: Gauge
        private let logger = Logger(label: "pmsync.definitions")

        init(_ metrics: Metrics) {
            gauge = metrics.gauge(
                "pmsync_definition_unreadable",
                help: "1 while this program cannot read the definition in force, and works by the one before or waits.")
        }

        func raise(_ id: Int64, _ problems: [Problem], isStale: Bool) {
            gauge.set(1)
            logger.error(
                isStale
                    ? "The definition in force cannot be read by this version; the one before stays in force here."
                    : "The definition in force cannot be read by this version; nothing is worked on until it can be.",
                metadata: [
                    "definition.id": "\(id)", "definition.problems": "\(problems.count)",
                    "definition.file": "\(problems.first?.file ?? "")",
                    "definition.line": "\(problems.first?.line ?? 0)",
                ])
        }

        func end() { gauge.set(0) }
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
    /// The definition in force is none that this version can read, and it has read no other.
    case unreadable([Problem])
}
