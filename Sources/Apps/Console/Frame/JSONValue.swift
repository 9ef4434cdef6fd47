import Foundation

/// JSON of whatever shape, read as a person would: what is stored by another program is shown even where it has fields
/// that are new to this one.
enum JSONValue: Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Null where the text is no JSON.
    init(_ text: String) {
        self = (try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))) ?? .null
    }

    subscript(name: String) -> JSONValue? {
        if case .object(let object) = self { object[name] } else { nil }
    }

    var object: [String: JSONValue] {
        if case .object(let object) = self { object } else { [:] }
    }

    /// The members of a list; of anything else but null, itself.
    var members: [JSONValue] {
        switch self {
        case .null: []
        case .list(let list): list
        case .bool, .number, .text, .object: [self]
        }
    }

    var integer: Int? {
        if case .number(let number) = self { Int(exactly: number) } else { nil }
    }

    /// Nil where it is no text.
    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var isTrue: Bool {
        if case .bool(true) = self { true } else { false }
    }

    /// ISO 8601, milliseconds or seconds since 1970, or seconds since 2001: by form and size.
    var instant: Date? {
        switch self {
        case .text(let text):
            (try? Date(text, strategy: .iso8601))
                ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        case .number(let number) where number > 1e11: Date(timeIntervalSince1970: number / 1000)
        case .number(let number) where number > 1.2e9: Date(timeIntervalSince1970: number)
        case .number(let number): Date(timeIntervalSinceReferenceDate: number)
        case .null, .bool, .list, .object: nil
        }
    }

    /// As a person reads it; empty where there is nothing.
    var words: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "yes" : "no"
        case .number(let number): Int64(exactly: number).map(String.init) ?? String(number)
        case .text(let text): text
        case .list(let list): list.map(\.words).joined(separator: ", ")
        case .object(let object):
            object.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.words)" }.joined(separator: ", ")
        }
    }
}
