/// A transaction that is open, as `Pool.transaction` lends it. After its end its statements throw `closed`.
package struct Transaction: Sendable {
    let session: Session
    let number: Int

    @discardableResult
    package func query(_ sql: SQL) async throws(PostgresError) -> [Row] {
        try await session.run(sql, in: number).rows
    }

    /// The rows of each of several statements, in one round trip.
    package func query(together statements: [SQL]) async throws(PostgresError) -> [[Row]] {
        try await session.run(together: statements, in: number).map(\.rows)
    }

    /// Runs a statement for its effect; the number of rows that it changed or gave.
    @discardableResult
    package func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        try await session.run(sql, in: number).affected
    }

    /// Runs a statement for its effect, in one round trip with the next one or the commit, which throws its error. It has to
    /// give few rows.
    ///
    /// - Parameter rows: how many it has to change; `missed` is thrown where it changed another number.
    package func later(_ sql: SQL, rows: Int? = nil) async throws(PostgresError) {
        try await session.later(sql, rows: rows, in: number)
    }

    /// What follows is planned as in `Configuration.Plans.onceByKey`. Goes out with the first of it.
    package func planByKey() async throws(PostgresError) {
        try await later(
            """
            SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
                set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
            """)
    }

    /// Sends rows to `COPY ... FROM STDIN (FORMAT binary)`; the number that was taken.
    @discardableResult
    package func copyIn(_ sql: SQL, _ rows: CopyRows) async throws(PostgresError) -> Int {
        try await session.copyIn(sql, rows, in: number)
    }

    /// Runs statements of the source's own, without values.
    package func script(_ text: StaticString) async throws(PostgresError) {
        try await session.keep(text.description, in: number)
    }

    /// Opens a cursor over a SELECT, so that its rows never have to be held at once. It ends with the transaction.
    package func cursor(_ sql: SQL, batch: Int = 1_000) async throws(PostgresError) -> Cursor {
        precondition(batch > 0, "a batch has at least one row")
        let name = try await session.newCursorName(in: number)
        _ = try await session.run(SQL(trusted: "DECLARE \(name) NO SCROLL CURSOR FOR ") + sql, in: number, once: true)
        return Cursor(transaction: self, fetch: "FETCH \(batch) FROM \(name)")
    }

    /// Hands over the rows of a SELECT in batches of at most `batch`, in order.
    package func forEach(
        batch: Int = 1_000, _ sql: SQL, _ body: ([Row]) async throws -> Void
    ) async throws {
        let cursor = try await cursor(sql, batch: batch)
        while case let rows = try await cursor.next(), !rows.isEmpty { try await body(rows) }
    }
}

/// Rows that the server has ready, given in batches.
package struct Cursor: Sendable {
    let transaction: Transaction
    let fetch: String

    /// The next rows; none at the end.
    package func next() async throws(PostgresError) -> [Row] {
        try await transaction.session.run(SQL(trusted: fetch), in: transaction.number, once: true).rows
    }
}
