import Foundation
import Mustache
import Postgres
import Worker

/// One comparison's numbers by place or by practitioner; they add up to the comparison's own, and say so if they do not.
struct Breakdown: Sendable {
    let run: ReportRun
    let axis: MemberLink.Axis
    let cells: [Agreement.Cell]
    /// What places and practitioners are called here, by axis and code.
    let names: [String: String]

    static func read(_ run: ReportRun, _ axis: MemberLink.Axis, in transaction: Transaction) async throws -> Breakdown {
        let cells = try await run.agreement.cells(by: axis == .location ? .location : .provider, in: transaction)
        return Breakdown(
            run: run, axis: axis, cells: cells, names: try await names(run.practice, in: transaction))
    }

    /// As a load of providers or the messages named them last; a place and a practitioner may bear one code.
    static func names(_ practice: String, in transaction: Transaction) async throws -> [String: String] {
        let rows = try await transaction.query(
            """
            SELECT CASE r.kind WHEN 'location' THEN 'location/' ELSE 'provider/' END || r.code, r.name
            FROM records.resource r
            WHERE r.practice_id = \(practice) AND r.name <> '' ORDER BY r.kind DESC
            """
        ).map { try $0.decode((String, String).self) }
        return Dictionary(rows) { first, _ in first }
    }

    /// A code with its name, where it has one.
    static func word(_ code: String, _ names: [String: String], _ axis: MemberLink.Axis) -> String {
        if code.isEmpty { return axis == .location ? "no place said" : "nobody named" }
        return names["\(axis.rawValue)/\(code)"].map { $0 == code ? code : "\($0) (\(code))" } ?? code
    }

    func name(_ cell: Agreement.Cell) -> String {
        Self.word(axis == .location ? cell.location : cell.provider, names, axis)
    }

    /// Every number, summed over the parts, is the whole's.
    var addsUp: Bool {
        ReportRun.Figure.allCases.allSatisfy { figure in
            cells.reduce(0) { $0 + figure.count($1) } == figure.count(run.agreement.counts)
        }
    }

    // MARK: As it is shown

    struct Table: MustacheParent {
        let caption: String
        let head: String
        let lines: [ComparisonLine]
        let addsUp: Bool

        func child(named name: String) -> Any? {
            switch name {
            case "caption": caption
            case "head": head
            case "lines": lines
            case "addsUp": addsUp
            default: nil
            }
        }
    }

    /// Nil where the run keeps no parts, as an older one of the same day.
    func table(isLinked: Bool) -> Table? {
        if cells.isEmpty { return nil }
        let lines = cells.map { cell in
            ComparisonLine(cell, named: name(cell), of: run, isLinked: isLinked, by: axis)
        }
        let with = run.app.map { ", with \($0)" } ?? ""
        return Table(
            caption: (axis == .location ? "By location" : "By provider") + with,
            head: axis == .location ? "Location" : "Provider", lines: lines, addsUp: addsUp)
    }
}
