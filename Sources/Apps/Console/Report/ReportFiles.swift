import Foundation
import Postgres
import Practice
import Reconciliation
import Records
import Worker

/// The report as files: the numbers of the page, for other programs.
extension SchedulingReport {
    /// A row a comparison, a place of it, a practitioner of it, a mark on records that want a look (under `here`, on how
    /// many), a day that the PM cancelled or transferred as one (under `compared`, how many appointments that took along), a
    /// finding, and a source (under `why`, as of when it speaks); `row` says which. Numbers and findings have columns of their
    /// own. A field that a spreadsheet would take for a formula is led by an apostrophe.
    package func csv() -> String {
        let head =
            ["row", "practice", "app", "location", "provider"] + ReportRun.Figure.allCases.map(\.column)
            + ["agreement"] + Self.findingColumns
        let blanks = Self.findingColumns.map { _ in "" }
        var rows = [head]
        for run in round?.runs ?? [] {
            let numbers = ReportRun.Figure.allCases.map { run.count($0).map(String.init) ?? "" }
            rows.append(["comparison", practice.id, run.app ?? "", "", ""] + numbers + [run.share ?? ""] + blanks)
        }
        for breakdown in breakdowns {
            for cell in breakdown.cells {
                let numbers = ReportRun.Figure.allCases.map { figure in
                    breakdown.run.isCompared(figure) ? "\(figure.count(cell))" : ""
                }
                rows.append(
                    [breakdown.axis.rawValue, practice.id, breakdown.run.app ?? "", cell.location, cell.provider]
                        + numbers + [""] + blanks)
            }
        }
        let sources = (round?.sources(practice.time, now: now) ?? []).map(row)
        return (rows + flags.map(row) + days.map(row) + findings.map(row) + (round?.runs ?? []).map(row) + sources)
            .map(CSVWriter.line).joined()
    }

    private static let findingColumns = [
        "key", "appointment", "patient", "code", "what", "cause", "why", "act", "mend", "state", "first_seen",
        "says_pm", "says_here", "says_app", "against", "day_event",
    ]

    private func row(_ run: ReportRun) -> [String] {
        let days = "\(run.fromDay) to \(run.toDay)"
        return row(
            ReportRound.Source(
                name: "The comparison", words: "\(days), as of \(practice.time.text(run.endedAt))", trouble: nil),
            app: run.app ?? "")
    }

    private func row(_ source: ReportRound.Source) -> [String] { row(source, app: "") }

    private func row(_ source: ReportRound.Source, app: String) -> [String] {
        let columns = Self.findingColumns.map { column in
            switch column {
            case "what": source.name
            case "why": source.words
            case "state": source.trouble ?? ""
            default: ""
            }
        }
        return ["source", practice.id, app, "", ""] + ReportRun.Figure.allCases.map { _ in "" } + [""] + columns
    }

    private func row(_ flag: ReportedFlag) -> [String] {
        let numbers = ReportRun.Figure.allCases.map { $0 == .here ? "\(flag.count)" : "" }
        let columns = Self.findingColumns.map { column in
            switch column {
            case "code": flag.flag.rawValue
            case "what": Words.flag(flag.flag.rawValue)
            default: ""
            }
        }
        return ["flag", practice.id, "", "", ""] + numbers + [""] + columns
    }

    private func row(_ day: ReportedDay) -> [String] {
        let place = [day.axis == .location ? day.code : "", day.axis == .provider ? day.code : ""]
        let to = [day.toCode, day.event.toDay?.description].compactMap(\.self).joined(separator: " ")
        let numbers = ReportRun.Figure.allCases.map { $0 == .groups ? "\(day.event.members.count)" : "" }
        let columns = Self.findingColumns.map { column in
            switch column {
            case "appointment": day.event.day.description
            case "code": day.event.kind
            case "what": "\(day.what)\(to.isEmpty ? "" : " to " + to)"
            case "first_seen": practice.time.text(day.event.at)
            case "day_event": day.event.id.uuidString.lowercased()
            default: ""
            }
        }
        return ["day", practice.id, ""] + place + numbers + [""] + columns
    }

    /// The bulk day that a finding's appointment went along with.
    private func dayEvent(of finding: ReportedFinding) -> String {
        days.first { finding.isOf(Set($0.event.members)) }?.event.id.uuidString.lowercased() ?? ""
    }

    private func row(_ finding: ReportedFinding) -> [String] {
        let line = line(finding, isLinked: false)
        return ["finding", practice.id, finding.app ?? "", finding.location, finding.provider]
            + ReportRun.Figure.allCases.map { _ in "" } + [
                "", finding.key, line.start, line.patient, finding.code, line.what, finding.cause, line.why,
                finding.act, line.mend, finding.state, line.since.iso, line.pm, line.here, line.app, line.against,
                dayEvent(of: finding),
            ]
    }

    /// One object: each comparison with its counts, by place and by practitioner, the sources, and the findings.
    package func json() throws -> String {
        let document = Document(
            practice: practice.id, comparisons: (round?.runs ?? []).map(comparison),
            sources: (round?.sources(practice.time, now: now) ?? []).map {
                Document.Source(name: $0.name, words: $0.words, trouble: $0.trouble)
            },
            flags: flags.map { Document.Flag(flag: $0.flag.rawValue, appointments: $0.count) },
            days: days.map(day), findings: findings.map(finding))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }

    private func day(_ day: ReportedDay) -> Document.DayEvent {
        Document.DayEvent(
            id: day.event.id.uuidString.lowercased(), kind: day.event.kind, day: day.event.day.description,
            of: day.axis.rawValue, code: day.code, toCode: day.toCode, toDay: day.event.toDay?.description,
            appointments: day.event.members.map { $0.uuidString.lowercased() }, at: practice.time.text(day.event.at))
    }

    private func comparison(_ run: ReportRun) -> Document.Comparison {
        Document.Comparison(
            id: run.id, workflow: run.workflow, app: run.app, from: run.fromDay.description,
            to: run.toDay.description, rules: run.agreement.rules, endedAt: practice.time.text(run.endedAt),
            agreement: run.share, counts: Self.counts(run) { $0.count(run.agreement.counts) },
            explanations: run.agreement.counts.explanations, withheldBecause: run.agreement.counts.withheldBecause,
            by: Dictionary(
                breakdowns.filter { $0.run.id == run.id }.map { breakdown in
                    (
                        breakdown.axis.rawValue,
                        breakdown.cells.map { cell in
                            Document.Part(
                                code: breakdown.axis == .location ? cell.location : cell.provider,
                                counts: Self.counts(run) { $0.count(cell) })
                        }
                    )
                }
            ) { first, _ in first })
    }

    private static func counts(_ run: ReportRun, _ count: (ReportRun.Figure) -> Int) -> [String: Int] {
        Dictionary(
            ReportRun.Figure.allCases.filter(run.isCompared).map { ($0.rawValue, count($0)) }
        ) { first, _ in first }
    }

    private func finding(_ finding: ReportedFinding) -> Document.Finding {
        let line = line(finding, isLinked: false)
        return Document.Finding(
            key: finding.key, code: finding.code, cause: finding.cause, act: finding.act, state: finding.state,
            appointment: line.start, patient: line.patient, location: finding.location, provider: finding.provider,
            firstSeen: line.since.iso, pm: line.pm, here: line.here, app: line.app, against: line.against)
    }

    private struct Document: Encodable {
        let practice: String
        let comparisons: [Comparison]
        let sources: [Source]
        let flags: [Flag]
        let days: [DayEvent]
        let findings: [Finding]

        /// What so many of our records are marked with.
        struct Flag: Encodable {
            let flag: String
            let appointments: Int
        }

        /// A day that the PM cancelled or transferred as one.
        struct DayEvent: Encodable {
            let id: String
            let kind: String
            let day: String
            let of: String
            let code: String
            let toCode: String?
            let toDay: String?
            let appointments: [String]
            let at: String
        }

        struct Comparison: Encodable {
            let id: UUID
            let workflow: String
            let app: String?
            let from: String
            let to: String
            let rules: String
            let endedAt: String
            let agreement: String?
            let counts: [String: Int]
            let explanations: [String: Int]
            let withheldBecause: [String: Int]
            let by: [String: [Part]]
        }

        struct Part: Encodable {
            let code: String
            let counts: [String: Int]
        }

        struct Source: Encodable {
            let name: String
            let words: String
            let trouble: String?
        }

        struct Finding: Encodable {
            let key: String
            let code: String
            let cause: String
            let act: String
            let state: String
            let appointment: String
            let patient: String
            let location: String
            let provider: String
            let firstSeen: String
            let pm: String
            let here: String
            let app: String
            let against: String
        }
    }
}

extension ReportRun.Figure {
    /// As a column's head.
    fileprivate var column: String {
        switch self {
        case .inPM: "in_pm"
        case .here: "here"
        case .inApp: "in_app"
        case .groups: "compared"
        case .matched, .explained, .withheld, .open: rawValue
        }
    }
}
