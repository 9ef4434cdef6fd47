/// A statement: text that was written in the source, and values that are bound to it.
///
///     "SELECT id FROM records.practice WHERE zone = \(zone)"
///
/// The literal parts are `StaticString`, so a string made at run time can only be bound. Statements add up: a fragment
/// keeps its own values, and the placeholders are numbered when it is sent.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    private(set) var parameters: Parameters
    private var pieces: [String]

    package init(stringLiteral text: StaticString) {
        parameters = Parameters()
        pieces = [text.description]
    }

    package init(stringInterpolation interpolation: StringInterpolation) {
        self = interpolation.sql
    }

    private init() {
        parameters = Parameters()
        pieces = [""]
    }

    /// A statement's text that is not ours to write: a migration, or what a person keyed. Not for values.
    init(trusted text: String) {
        parameters = Parameters()
        pieces = [text]
    }

    /// The text with `$1`, `$2`, ... where values are bound.
    package var text: String {
        var text = pieces[0]
        for (index, piece) in pieces.dropFirst().enumerated() {
            text += "$\(index + 1)"
            text += piece
        }
        return text
    }

    package static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum += right
        return sum
    }

    package static func += (left: inout SQL, right: SQL) {
        left.pieces[left.pieces.count - 1] += right.pieces[0]
        left.pieces += right.pieces.dropFirst()
        left.parameters.append(right.parameters)
    }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var sql = SQL()

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.pieces.reserveCapacity(interpolationCount + 1)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            sql.pieces[sql.pieces.count - 1] += literal.description
        }

        /// Binds a value.
        package mutating func appendInterpolation<Value: PostgresValue>(_ value: Value) {
            sql.parameters.append(value)
            sql.pieces.append("")
        }

        /// Binds a value, or NULL.
        package mutating func appendInterpolation<Value: PostgresValue>(_ value: Value?) {
            sql.parameters.append(value)
            sql.pieces.append("")
        }

        /// Puts a statement's fragment in place, with its values.
        package mutating func appendInterpolation(fragment: SQL) {
            sql += fragment
        }
    }
}

/// Bound values, packed: one buffer for all bytes, so that a value costs no allocation of its own.
struct Parameters: Sendable {
    struct Entry: Sendable {
        let type: UInt32
        let start: Int
        /// Nil for NULL.
        let length: Int?
    }

    /// Begins with one unused byte, so that an empty value has an address.
    private(set) var bytes: [UInt8] = [0]
    private(set) var entries: [Entry] = []

    var types: [UInt32] { entries.map(\.type) }

    mutating func append<Value: PostgresValue>(_ value: Value) {
        let start = bytes.count
        let present = value.encode(into: &bytes)
        entries.append(Entry(type: Value.type, start: start, length: present ? bytes.count - start : nil))
    }

    mutating func append(_ other: Parameters) {
        let shift = bytes.count
        bytes += other.bytes
        entries += other.entries.map { Entry(type: $0.type, start: $0.start + shift, length: $0.length) }
    }
}
