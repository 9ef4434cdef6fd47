import CLibPQ

/// A row of a result, read by position. Rows share the result's memory, which is freed with the last of them.
package struct Row: Sendable {
    let result: Reply
    let index: Int32

    /// The row's columns, which must be as many as are asked for: `row.decode((Int64, String?).self)`.
    package func decode<each Value: PostgresValue>(
        _ types: (repeat each Value).Type
    ) throws(PostgresError) -> (repeat each Value) {
        var asked = 0
        for _ in repeat (each Value).self { asked += 1 }
        guard asked == result.types.count else { throw .columns(asked: asked, found: result.types.count) }
        var column = 0
        func next<Next: PostgresValue>(_: Next.Type) throws(PostgresError) -> Next {
            defer { column += 1 }
            return try value(column)
        }
        return (repeat try next((each Value).self))
    }

    /// The only column of the row.
    package func decode<Value: PostgresValue>(_ type: Value.Type) throws(PostgresError) -> Value {
        guard result.types.count == 1 else { throw .columns(asked: 1, found: result.types.count) }
        return try value(0)
    }

    /// One column, counted from 0.
    package func value<Value: PostgresValue>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard result.types.indices.contains(column) else {
            throw .columns(asked: column + 1, found: result.types.count)
        }
        let found = result.types[column]
        guard Value.reads(found) else { throw .decoding(column: column, .type(found)) }
        return try result.read(row: index, column: column, type: found)
    }
}

/// A result as libpq keeps it.
///
/// Unchecked, because a PGresult is not changed once it is received, and libpq's read functions share nothing.
@safe
final class Reply: @unchecked Sendable {
    private let result: OpaquePointer
    /// The columns' types, by OID.
    let types: [UInt32]

    /// Takes ownership.
    init(owning result: OpaquePointer) {
        unsafe self.result = unsafe result
        types = unsafe (0..<PQnfields(result)).map { unsafe PQftype(result, $0) }
    }

    deinit { unsafe PQclear(result) }

    var status: ExecStatusType { unsafe PQresultStatus(result) }

    var rows: [Row] { unsafe (0..<PQntuples(result)).map { Row(result: self, index: $0) } }

    var affected: Int { unsafe Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// `COMMIT`, `ROLLBACK`, `INSERT 0 1`, ...
    var command: String { unsafe String(cString: PQcmdStatus(result)) }

    var state: SQLState? { field("C").map(SQLState.init(rawValue:)) }

    var constraint: String? { field("n") }

    private func field(_ code: Unicode.Scalar) -> String? {
        unsafe PQresultErrorField(result, Int32(code.value)).map { unsafe String(cString: $0) }
    }

    func read<Value: PostgresValue>(row: Int32, column: Int, type: UInt32) throws(PostgresError) -> Value {
        let index = Int32(column)
        if unsafe PQgetisnull(result, row, index) != 0 {
            guard let null = Value.null else { throw .decoding(column: column, .null) }
            return null
        }
        let start = unsafe UnsafeRawPointer(PQgetvalue(result, row, index))
        let bytes = unsafe UnsafeBufferPointer(
            start: start?.assumingMemoryBound(to: UInt8.self), count: Int(PQgetlength(result, row, index)))
        guard let value = unsafe Value.decode(bytes.span, type: type) else {
            throw .decoding(column: column, .malformed)
        }
        return value
    }
}
