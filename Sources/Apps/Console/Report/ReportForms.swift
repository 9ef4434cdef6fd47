import Foundation
import Postgres
import Practice
import Reconciliation

extension SchedulingReport {
    /// Everything that each form of the report says, worked out once.
    struct Content {
        let title: String
        let practice: String
        let round: Round?
        let lines: [Line]
    }

    struct Round {
        let days: String
        let at: Moment
        let rules: String
        let comparisons: [ComparisonLine]
        let sources: [ReportRound.Source]
        let doubt: String?
        let explanations: [Figure]
    }

    struct Figure {
        let label: String
        let value: String
    }

    struct Line {
        let link: String
        let start: String
        let patient: String
        let what: String
        let why: String
        let mend: String
        let state: String
        let sign: String
        let tone: String
        let since: Moment
        let pm: String
        let here: String
        let app: String
        /// Whose list differs.
        let against: String
    }

    func content(isLinked: Bool) -> Content {
        Content(
            title: "Scheduling report", practice: practice.name, round: round.map { describe($0, isLinked: isLinked) },
            lines: findings.map(line))
    }

    private func describe(_ round: ReportRound, isLinked: Bool) -> Round {
        var explanations: [String: Int] = [:]
        for run in round.runs { explanations.merge(run.explanations.map { ($0.name, $0.count) }) { max($0, $1) } }
        return Round(
            days: round.days, at: Moment(round.runs.map(\.endedAt).max() ?? now, practice.time, now: now),
            rules: round.runs.first?.rules ?? "",
            comparisons: round.runs.map { ComparisonLine($0, isLinked: isLinked) },
            sources: round.sources(practice.time, now: now), doubt: round.doubt,
            explanations: explanations.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                Figure(label: Words.explanation($0.key), value: "\($0.value)")
            })
    }

    private func line(_ finding: ReportedFinding) -> Line {
        let sides = FindingSides(finding.sides, practice.time, now: now)
        let look = FindingLook(finding.state)
        return Line(
            link: FindingLook.path(practice.id, round?.runs.first?.workflow ?? "scheduling", finding.key),
            start: sides.start?.text ?? finding.day.map(Moment.day) ?? "no day", patient: sides.patient,
            what: Words.finding(finding.code), why: Words.why(finding.cause, isWithheld: finding.isWithheld),
            mend: Words.mend(finding.act, isWithheld: finding.isWithheld),
            state: look.words, sign: look.sign, tone: look.tone,
            since: Moment(finding.firstSeen, practice.time, now: now), pm: sides.summary(.pm),
            here: sides.summary(.here), app: sides.summary(.app), against: finding.app ?? "the PM's own list")
    }

    // MARK: Forms

    private struct Page {
        let frame: Frame
        let report: Content
        let csvLink: String?
    }

    /// A whole page by itself, as `pmsync report --format html` writes it: its style sheet is in it.
    package func html() throws -> String {
        let content = content(isLinked: false)
        let page = try Pages().html(.report, Page(frame: Frame(title: content.title), report: content, csvLink: nil))
        return page.replacing(StyleSheet.link, with: "<style>\n\(StyleSheet.text)\n</style>")
    }

    /// A page of the console.
    func page(_ frame: Frame, _ pages: Pages, csvLink: String) -> String {
        pages.html(.report, Page(frame: frame, report: content(isLinked: true), csvLink: csvLink))
    }

    /// One row a finding. A field that a spreadsheet would take for a formula is led by an apostrophe.
    package func csv() -> String {
        let head = [
            "practice", "key", "appointment", "patient", "code", "what", "cause", "why", "act", "state", "first_seen",
            "pm", "here", "app", "against",
        ]
        let rows = zip(findings, content(isLinked: false).lines).map { finding, line in
            [
                practice.id, finding.key, line.start, line.patient, finding.code, line.what, finding.cause, line.why,
                finding.act, finding.state, line.since.iso, line.pm, line.here, line.app,
                line.against,
            ]
        }
        return ([head] + rows).map(CSVWriter.line).joined()
    }

    /// One object: each comparison with its counts and sources, and the findings.
    package func json() throws -> String {
        let document = Document(
            practice: practice.id, comparisons: (round?.runs ?? []).map(comparison),
            sources: (round?.sources(practice.time, now: now) ?? []).map {
                Document.Source(name: $0.name, words: $0.words, trouble: $0.trouble)
            },
            findings: zip(findings, content(isLinked: false).lines).map { finding, line in
                Document.Finding(
                    key: finding.key, code: finding.code, cause: finding.cause, act: finding.act, state: finding.state,
                    appointment: line.start, patient: line.patient, firstSeen: line.since.iso, pm: line.pm,
                    here: line.here, app: line.app, against: line.against)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }

    private func comparison(_ run: ReportRun) -> Document.Comparison {
        Document.Comparison(
            id: run.id, workflow: run.workflow, app: run.app, from: run.fromDay.description,
            to: run.toDay.description, rules: run.rules, endedAt: practice.time.text(run.endedAt),
            agreement: run.agreement,
            counts: Dictionary(
                ReportRun.Figure.allCases.compactMap { figure in
                    run.count(figure).map { (figure.rawValue, $0) }
                }
            ) { first, _ in first },
            explanations: Dictionary(run.explanations.map { ($0.name, $0.count) }) { first, _ in first })
    }

    private struct Document: Encodable {
        let practice: String
        let comparisons: [Comparison]
        let sources: [Source]
        let findings: [Finding]

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
            let firstSeen: String
            let pm: String
            let here: String
            let app: String
            let against: String
        }
    }
}
