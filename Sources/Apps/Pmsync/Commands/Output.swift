import ArgumentParser
import Foundation
import Reconciliation

/// How a listing is printed.
struct Output: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, csv
    }

    @Option(help: "table, json (one object a line) or csv.")
    var format: Format = .table

    /// Prints rows whose columns are the properties of their type.
    func write<Row: Encodable>(_ rows: [Row]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        if format == .json {
            for row in rows { print(String(decoding: try encoder.encode(row), as: UTF8.self)) }
            return
        }
        let columns = rows.first.map { Mirror(reflecting: $0).children.compactMap(\.label) } ?? []
        let texts = rows.map { Mirror(reflecting: $0).children.map { Self.text($0.value) } }
        switch format {
        case .csv:
            for line in [columns] + texts { print(CSVWriter.line(line), terminator: "") }
        case .table, .json:
            let widths = columns.indices.map { column in
                ([columns[column].count] + texts.map { $0[column].count }).max() ?? 0
            }
            for line in [columns] + texts where !line.isEmpty {
                let cells = zip(line, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                print(cells.joined(separator: "  ").trimmedEnd())
            }
        }
    }

    static func text(_ value: Any) -> String {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional { return mirror.children.first.map { text($0.value) } ?? "" }
        if let date = value as? Date { return date.formatted(.iso8601) }
        if let list = value as? [String] { return list.joined(separator: " ") }
        return "\(value)"
    }
}

extension String {
    fileprivate func trimmedEnd() -> String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
