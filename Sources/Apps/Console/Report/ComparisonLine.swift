import Foundation
import Mustache
import Worker

/// One row of numbers: a comparison as a whole, one place of it, or one practitioner, each number with the way to its
/// members. The first page and the report show the same.
struct ComparisonLine {
    /// Who was compared with whom; or the place, or the practitioner.
    let name: String
    let cells: [Cell]
    /// Of what was judged, matched and explained; nil while that is not known. Of a whole comparison only.
    let agreement: String?
    /// Why some are withheld; nil where none is.
    let withheld: String?

    struct Cell {
        let label: String
        let value: String
        let link: String?
    }

    /// - Parameter isLinked: a page that stands by itself has no links.
    init(_ run: ReportRun, isLinked: Bool) {
        name = Self.sides(run)
        agreement = run.share
        withheld = run.withheldBecause.isEmpty ? nil : Words.withheld(run.withheldBecause)
        cells = Self.cells(run, isLinked, [:]) { $0.count(run.agreement.counts) }
    }

    init(_ cell: Agreement.Cell, named name: String, of run: ReportRun, isLinked: Bool, by axis: MemberLink.Axis) {
        self.name = name
        agreement = nil
        withheld = nil
        let code = axis == .location ? cell.location : cell.provider
        cells = Self.cells(run, isLinked, [axis.rawValue: MemberLink.code(code)]) { $0.count(cell) }
    }

    private static func cells(
        _ run: ReportRun, _ isLinked: Bool, _ more: KeyValuePairs<String, String>, _ count: (ReportRun.Figure) -> Int
    ) -> [Cell] {
        ReportRun.Figure.allCases.map { figure in
            guard run.isCompared(figure) else { return Cell(label: figure.label, value: "not compared", link: nil) }
            let number = count(figure)
            let link = MemberLink.path(run, figure, more.map { ($0, $1) })
            return Cell(
                label: figure.label, value: "\(number)",
                link: isLinked && run.agreement.hasMembers && number > 0 ? link : nil)
        }
    }

    /// A list that was not read was not compared, and is not named as if it were.
    private static func sides(_ run: ReportRun) -> String {
        let names = [
            run.sources.pm.asOf == nil ? nil : "PM", "pmsync", run.sources.appList.asOf == nil ? nil : run.app,
        ].compactMap(\.self)
        let without = run.sources.appList.asOf == nil ? run.app.map { " (without \($0))" } ?? "" : ""
        if names.count == 1 { return "pmsync alone" + without }
        let last = names.count - 1
        return names[..<last].joined(separator: ", ") + " and " + names[last] + without
    }
}

// A page has hundreds of these: a template finds their values by name, without a mirror of each.
extension ComparisonLine: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "name": self.name
        case "cells": cells
        case "agreement": agreement
        case "withheld": withheld
        default: nil
        }
    }
}

extension ComparisonLine.Cell: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "label": label
        case "value": value
        case "link": link
        default: nil
        }
    }
}

extension ReportRun.Figure {
    var label: String {
        switch self {
        case .inPM: "In the PM"
        case .here: "Here"
        case .inApp: "In the app"
        case .groups: "Compared"
        case .matched: "Matched"
        case .explained: "Explained"
        case .withheld: "Withheld"
        case .open: "Open"
        }
    }
}

/// The address of the page that lists the members of a number.
enum MemberLink {
    enum Axis: String {
        case location, provider
    }

    /// Stands for "nobody says where", or who, which an address cannot leave blank.
    static let nowhere = "-"

    static func code(_ code: String) -> String { code.isEmpty ? nowhere : code }

    static func path(_ run: ReportRun, _ figure: ReportRun.Figure?, _ more: [(String, String)] = []) -> String {
        Address(
            path: "/agreement/\(Form.escape(run.practice))",
            parameters: [("app", run.client?.uuidString.lowercased())] + selection(figure) + more
        ).text
    }

    /// Numbers of a side count its entries; those of a class the appointments judged so.
    private static func selection(_ figure: ReportRun.Figure?) -> [(String, String?)] {
        switch figure {
        case .inPM: [("side", "pm")]
        case .here: [("side", "here")]
        case .inApp: [("side", "app")]
        case .matched, .explained, .withheld, .open: [("verdict", figure?.rawValue)]
        case .groups, nil: []
        }
    }
}
