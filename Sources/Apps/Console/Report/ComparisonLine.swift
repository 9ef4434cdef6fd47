import Foundation

/// One comparison as a row: who was compared with whom, and how every group of it was judged. The first page and the
/// report show the same.
struct ComparisonLine {
    /// Both sides by name, or all three.
    let sides: String
    /// Of what was judged, matched and explained; nil while that is not known.
    let agreement: String?
    let cells: [Cell]
    /// Why some are withheld; nil where none is, or nothing says why.
    let withheld: String?

    struct Cell {
        let label: String
        let value: String
        let link: String?
        /// A class that wants somebody to look.
        let isCare: Bool
    }

    init(_ run: ReportRun, isLinked: Bool) {
        sides = Self.sides(run)
        agreement = run.agreement
        withheld = run.withheldBecause.isEmpty ? nil : Words.withheld(run.withheldBecause)
        cells = ReportRun.Figure.allCases.map { figure in
            let count = run.count(figure)
            var link: String?
            if isLinked, let state = figure.state, let count, count > 0 {
                link = Form.link(
                    "/findings",
                    ["practice": run.practice, "state": state.rawValue, "app": run.client?.uuidString.lowercased()])
            }
            return Cell(
                label: figure.label, value: count.map(String.init) ?? "not compared", link: link,
                isCare: figure == .open && (count ?? 0) > 0)
        }
    }

    /// A list that was not read was not compared, and is not named as if it were.
    private static func sides(_ run: ReportRun) -> String {
        let names = [
            run.sources.pm.asOf == nil ? nil : "PM", "pmsync", run.sources.appList.asOf == nil ? nil : run.app,
        ].compactMap(\.self)
        if names.count == 1 { return "pmsync alone" + (run.app.map { " (without \($0))" } ?? "") }
        let last = names.count - 1
        let joined = names[..<last].joined(separator: ", ") + " and " + names[last]
        guard let app = run.app, run.sources.appList.asOf == nil else { return joined }
        return joined + " (without \(app))"
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
