package import FoundationEssentials

/// What can be bound and read: a Swift type with PostgreSQL's binary form of one type.
package protocol PostgresValue: Sendable {
    /// The OID under which it is bound.
    static var type: UInt32 { get }
    /// Whether a column of this type can be read.
    static func reads(_ type: UInt32) -> Bool
    /// Appends the binary form; false is NULL.
    func encode(into bytes: inout [UInt8]) -> Bool
    /// Reads the binary form of a column of a type that `reads`; nil when it is malformed or does not fit.
    static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Self?
    /// What NULL is read as; nil where NULL is an error.
    static var null: Self? { get }
}

extension PostgresValue {
    package static func reads(_ type: UInt32) -> Bool { type == Self.type }
    package static var null: Self? { nil }
}

enum TypeID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let date: UInt32 = 1082
    static let timestamptz: UInt32 = 1184
    static let interval: UInt32 = 1186
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802
}

extension Bool: PostgresValue {
    package static var type: UInt32 { TypeID.bool }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Bool? {
        bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

/// Integers are read from a column of any width, as long as the value fits.
package protocol PostgresInteger: PostgresValue, FixedWidthInteger {}

extension PostgresInteger {
    package static func reads(_ type: UInt32) -> Bool {
        [TypeID.int8, TypeID.int4, TypeID.int2, TypeID.oid].contains(type)
    }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(integer: self)
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Self? {
        switch bytes.count {
        case 8: Int64(bigEndian: bytes, at: 0).flatMap { Self(exactly: $0) }
        case 4 where type == TypeID.oid: UInt32(bigEndian: bytes, at: 0).flatMap { Self(exactly: $0) }
        case 4: Int32(bigEndian: bytes, at: 0).flatMap { Self(exactly: $0) }
        case 2: Int16(bigEndian: bytes, at: 0).flatMap { Self(exactly: $0) }
        default: nil
        }
    }
}

extension Int16: PostgresInteger { package static var type: UInt32 { TypeID.int2 } }
extension Int32: PostgresInteger { package static var type: UInt32 { TypeID.int4 } }
extension Int64: PostgresInteger { package static var type: UInt32 { TypeID.int8 } }
extension Int: PostgresInteger { package static var type: UInt32 { TypeID.int8 } }

extension Double: PostgresValue {
    package static var type: UInt32 { TypeID.float8 }
    package static func reads(_ type: UInt32) -> Bool { type == TypeID.float8 || type == TypeID.float4 }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(integer: bitPattern)
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Double? {
        bytes.count == 4
            ? UInt32(bigEndian: bytes, at: 0).map { Double(Float(bitPattern: $0)) }
            : UInt64(bigEndian: bytes, at: 0).map(Double.init(bitPattern:))
    }
}

extension String: PostgresValue {
    package static var type: UInt32 { TypeID.text }

    package static func reads(_ type: UInt32) -> Bool {
        [TypeID.text, TypeID.varchar, TypeID.bpchar, TypeID.name, TypeID.json, TypeID.jsonb].contains(type)
    }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes += utf8
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> String? {
        if type == TypeID.jsonb { return JSONText.decode(bytes, type: type)?.text }
        do { return String(copying: try UTF8Span(validating: bytes)) } catch { return nil }
    }
}

/// JSON as text, bound as jsonb; whether it is JSON the server decides.
package struct JSONText: PostgresValue, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }

    package static var type: UInt32 { TypeID.jsonb }
    package static func reads(_ type: UInt32) -> Bool { type == TypeID.jsonb || type == TypeID.json }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(1)  // the version of jsonb's binary form
        bytes += text.utf8
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> JSONText? {
        guard type == TypeID.jsonb else { return String.decode(bytes, type: type).map(JSONText.init) }
        guard bytes.count > 0, bytes[0] == 1 else { return nil }
        return String.decode(bytes.extracting(droppingFirst: 1), type: TypeID.text).map(JSONText.init)
    }
}

extension UUID: PostgresValue {
    package static var type: UInt32 { TypeID.uuid }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        let b = uuid
        bytes += [
            b.0, b.1, b.2, b.3, b.4, b.5, b.6, b.7, b.8, b.9, b.10, b.11, b.12, b.13, b.14, b.15,
        ]
        return true
    }

    package static func decode(_ b: Span<UInt8>, type: UInt32) -> UUID? {
        guard b.count == 16 else { return nil }
        return UUID(
            uuid: (
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
            ))
    }
}

extension Optional: PostgresValue where Wrapped: PostgresValue {
    package static var type: UInt32 { Wrapped.type }
    package static func reads(_ type: UInt32) -> Bool { Wrapped.reads(type) }
    package static var null: Wrapped?? { .some(.none) }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        guard let self else { return false }
        return self.encode(into: &bytes)
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> Wrapped?? {
        Wrapped.decode(bytes, type: type).map { .some($0) }
    }
}

// MARK: Bytes

extension [UInt8] {
    mutating func append<Value: FixedWidthInteger>(integer: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: integer >> Value(shift)))
        }
    }
}

extension FixedWidthInteger {
    /// Reads a big-endian integer; nil where the bytes end before it does.
    init?(bigEndian bytes: borrowing Span<UInt8>, at offset: Int) {
        let width = Self.bitWidth / 8
        guard offset >= 0, offset + width <= bytes.count else { return nil }
        var value: Self = 0
        for index in offset..<(offset + width) {
            value = (value << 8) | Self(truncatingIfNeeded: bytes[index])
        }
        self = value
    }
}
