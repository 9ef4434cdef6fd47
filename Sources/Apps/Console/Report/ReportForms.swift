import Foundation
import Postgres
import Practice
import Reconciliation

extension SchedulingReport {
    /// Everything that each form of the report says, worked out once.
    struct Content {
        let title: String
        let practice: String
        let run: Run?
        let lines: [Line]
    }

    struct Run {
        let days: String
        let at: Moment
        let rules: String
        let agreement: String?
        let figures: [Figure]
        let sources: [Figure]
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
    }

    var content: Content {
        Content(
            title: "Scheduling report", practice: practice.name, run: run.map(content), lines: findings.map(line))
    }

    private func content(_ run: ReportRun) -> Run {
        Run(
            days: run.fromDay == run.toDay
                ? Moment.day(run.fromDay) : "\(Moment.day(run.fromDay)) to \(Moment.day(run.toDay))",
            at: Moment(run.endedAt, practice.time, now: now), rules: run.rules, agreement: run.agreement,
            figures: run.figures.map { Figure(label: $0.label, value: "\($0.value)") },
            sources: run.sources(practice.time, now: now).map { Figure(label: $0.name, value: $0.words) },
            explanations: run.explanations.map {
                Figure(label: Words.explanation($0.name), value: "\($0.count)")
            })
    }

    private func line(_ finding: ReportedFinding) -> Line {
        let sides = FindingSides(finding.sides, practice.time, now: now)
        let look = FindingLook(finding.state)
        return Line(
            link: FindingLook.path(practice.id, run?.workflow ?? "scheduling", finding.key),
            start: sides.start?.text ?? finding.day.map(Moment.day) ?? "no day", patient: sides.patient,
            what: Words.finding(finding.code), why: Words.cause(finding.cause), mend: Words.mend(finding.act),
            state: look.words, sign: look.sign, tone: look.tone,
            since: Moment(finding.firstSeen, practice.time, now: now), pm: sides.summary(.pm),
            here: sides.summary(.here), app: sides.summary(.app))
    }

    // MARK: Forms

    private struct Page {
        let frame: Frame
        let report: Content
        let csvLink: String?
    }

    /// A whole page by itself, as `pmsync report --format html` writes it: its style sheet is in it.
    package func html() throws -> String {
        let page = try Pages().html(.report, Page(frame: Frame(title: content.title), report: content, csvLink: nil))
        return page.replacing(StyleSheet.link, with: "<style>\n\(StyleSheet.text)\n</style>")
    }

    /// A page of the console.
    func page(_ frame: Frame, _ pages: Pages, csvLink: String) -> String {
        pages.html(.report, Page(frame: frame, report: content, csvLink: csvLink))
    }

    /// One row a finding. A field that a spreadsheet would take for a formula is led by an apostrophe.
    package func csv() -> String {
        let head = [
            "practice", "key", "appointment", "patient", "code", "what", "cause", "why", "act", "state", "first_seen",
            "pm",
            "here", "app",
        ]
        let rows = zip(findings, content.lines).map { finding, line in
            [
                practice.id, finding.key, line.start, line.patient, finding.code, line.what, finding.cause, line.why,
                finding.act, finding.state, line.since.iso, line.pm, line.here, line.app,
            ]
        }
        return ([head] + rows).map(CSVWriter.line).joined()
    }

    /// One object: the run with its counts, and the findings.
    package func json() throws -> String {
        let document = Document(
            practice: practice.id,
            run: run.map { run in
                Document.Run(
                    id: run.id, workflow: run.workflow, from: run.fromDay.description, to: run.toDay.description,
                    rules: run.rules, endedAt: practice.time.text(run.endedAt), agreement: run.agreement,
                    counts: Dictionary(run.figures.map { ($0.name, $0.value) }) { first, _ in first },
                    explanations: Dictionary(run.explanations.map { ($0.name, $0.count) }) { first, _ in first })
            },
            findings: zip(findings, content.lines).map { finding, line in
                Document.Finding(
                    key: finding.key, code: finding.code, cause: finding.cause, act: finding.act, state: finding.state,
                    appointment: line.start, patient: line.patient, firstSeen: line.since.iso, pm: line.pm,
                    here: line.here, app: line.app)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }

    private struct Document: Encodable {
        let practice: String
        let run: Run?
        let findings: [Finding]

        struct Run: Encodable {
            let id: UUID
            let workflow: String
            let from: String
            let to: String
            let rules: String
            let endedAt: String
            let agreement: String?
            let counts: [String: Int]
            let explanations: [String: Int]
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
        }
    }
}
