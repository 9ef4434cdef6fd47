package import FoundationEssentials

/// What an array that is bound or read may hold. An array of bytes is bytea; of anything else, a one-dimensional array.
package protocol PostgresElement: Sendable {
    static var arrayType: UInt32 { get }
    static func readsArray(_ type: UInt32) -> Bool
    static func encodeArray(_ elements: [Self], into bytes: inout [UInt8])
    static func decodeArray(_ bytes: Span<UInt8>) -> [Self]?
}

extension Array: PostgresValue where Element: PostgresElement {
    package static var type: UInt32 { Element.arrayType }
    package static func reads(_ type: UInt32) -> Bool { Element.readsArray(type) }

    package func encode(into bytes: inout [UInt8]) -> Bool {
        Element.encodeArray(self, into: &bytes)
        return true
    }

    package static func decode(_ bytes: Span<UInt8>, type: UInt32) -> [Element]? { Element.decodeArray(bytes) }
}

extension UInt8: PostgresElement {
    package static var arrayType: UInt32 { TypeID.bytea }
    package static func readsArray(_ type: UInt32) -> Bool { type == TypeID.bytea }
    package static func encodeArray(_ elements: [UInt8], into bytes: inout [UInt8]) { bytes += elements }

    package static func decodeArray(_ bytes: Span<UInt8>) -> [UInt8]? {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}

extension PostgresElement where Self: PostgresValue {
    package static func readsArray(_ type: UInt32) -> Bool { type == arrayType }

    /// Dimensions, whether there are NULLs, the element's type, then length and lower bound; then each with its length
    /// (`array_send`).
    package static func encodeArray(_ elements: [Self], into bytes: inout [UInt8]) {
        let nulls = bytes.count + 4
        bytes.append(integer: Int32(elements.isEmpty ? 0 : 1))
        bytes.append(integer: Int32(0))
        bytes.append(integer: type)
        guard !elements.isEmpty else { return }
        bytes.append(integer: Int32(elements.count))
        bytes.append(integer: Int32(1))
        for element in elements {
            let start = bytes.count
            bytes.append(integer: Int32(-1))
            if element.encode(into: &bytes) {
                let length = Int32(bytes.count - start - 4)
                for index in 0..<4 {
                    bytes[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * Int32(index)))
                }
            } else {
                bytes[nulls + 3] = 1
            }
        }
    }

    package static func decodeArray(_ bytes: Span<UInt8>) -> [Self]? {
        guard let dimensions = Int32(bigEndian: bytes, at: 0), let type = UInt32(bigEndian: bytes, at: 8) else {
            return nil
        }
        guard dimensions != 0 else { return [] }
        guard dimensions == 1, Self.reads(type), let count = Int32(bigEndian: bytes, at: 12), count >= 0 else {
            return nil
        }
        var elements: [Self] = []
        elements.reserveCapacity(Int(count))
        var at = 20
        for _ in 0..<count {
            guard let length = Int32(bigEndian: bytes, at: at).map(Int.init), at + 4 + max(length, 0) <= bytes.count
            else { return nil }
            at += 4
            if length < 0 {
                guard let null else { return nil }
                elements.append(null)
            } else {
                guard let element = Self.decode(bytes.extracting(at..<(at + length)), type: type) else { return nil }
                elements.append(element)
                at += length
            }
        }
        return elements
    }
}

extension Bool: PostgresElement { package static var arrayType: UInt32 { 1000 } }
extension Int16: PostgresElement { package static var arrayType: UInt32 { 1005 } }
extension Int32: PostgresElement { package static var arrayType: UInt32 { 1007 } }
extension Int64: PostgresElement { package static var arrayType: UInt32 { 1016 } }
extension Int: PostgresElement { package static var arrayType: UInt32 { 1016 } }
extension Double: PostgresElement { package static var arrayType: UInt32 { 1022 } }
extension UUID: PostgresElement { package static var arrayType: UInt32 { 2951 } }
extension Date: PostgresElement { package static var arrayType: UInt32 { 1185 } }
extension CalendarDay: PostgresElement { package static var arrayType: UInt32 { 1182 } }
extension JSONText: PostgresElement { package static var arrayType: UInt32 { 3807 } }
extension [UInt8]: PostgresElement { package static var arrayType: UInt32 { 1001 } }

extension String: PostgresElement {
    package static var arrayType: UInt32 { 1009 }
    /// text[], varchar[], name[].
    package static func readsArray(_ type: UInt32) -> Bool { [1009, 1015, 1003].contains(type) }
}

extension Optional: PostgresElement where Wrapped: PostgresElement & PostgresValue {
    package static var arrayType: UInt32 { Wrapped.arrayType }
    package static func readsArray(_ type: UInt32) -> Bool { Wrapped.readsArray(type) }
}
