import Foundation

/// Resources as JSON text: keys sorted, so that equal values are equal bytes; slashes unescaped; empty arrays left out.
package enum JSON {
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            // Every value of this module is strings, integers, booleans and arrays of them; none can fail to encode.
            preconditionFailure("a FHIR value does not encode as JSON")
        }
    }

    /// Throws `.unreadable` with the path to what could not be read.
    package static func decode<R: Resource>(_ type: R.Type = R.self, from bytes: [UInt8]) throws(FHIRError) -> R {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .unreadable(type.type, at: (error as? DecodingError)?.elementPath() ?? "")
        }
    }
}

extension DecodingError {
    /// Where reading stopped, as `participant[0].status`: names and positions only.
    func elementPath(below depth: Int = 0) -> String {
        let path: [any CodingKey] =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            case .keyNotFound(let key, let context): context.codingPath + [key]
            @unknown default: []
            }
        return path.dropFirst(depth).reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
    }
}

// FHIR has no empty arrays: an array property that is empty is not written, and one that is not there reads as empty.
// The compiler's own Codable code calls these, as the closest overloads.

extension KeyedEncodingContainer {
    mutating func encode<Element: Encodable>(_ value: [Element], forKey key: Key) throws {
        try encodeIfPresent(value.isEmpty ? nil : value, forKey: key)
    }
}

extension KeyedDecodingContainer {
    func decode<Element: Decodable>(_ type: [Element].Type, forKey key: Key) throws -> [Element] {
        try decodeIfPresent(type, forKey: key) ?? []
    }
}

extension String {
    /// Nil for the empty string, which FHIR does not have.
    var filled: String? { isEmpty ? nil : self }
}
