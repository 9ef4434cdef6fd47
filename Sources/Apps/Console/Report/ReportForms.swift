import Foundation
import Postgres
import Practice
import Reconciliation
import Records
import Worker

extension SchedulingReport {
    /// Everything that the page says, worked out once.
    struct Content {
        let title: String
        let practice: String
        let round: Round?
        let openWords: String
        let isPast: Bool
        let causes: [CauseTable.Line]
        let flags: [ReportedFlag.Line]
        let days: [ReportedDay.Line]
        let groups: [Group]
    }

    struct Round {
        let days: String
        let at: Moment
        let rules: String
        let comparisons: [ComparisonLine]
        let addsUp: Bool
        let sources: [ReportRound.Source]
        let doubt: String?
        let breakdowns: [Breakdown.Table]
        let explanations: [Explained]
    }

    struct Explained {
        let label: String
        /// One a comparison.
        let values: [Value]

        struct Value {
            let with: String
            let count: Int
            let link: String?
        }
    }

    /// Findings in one state.
    struct Group {
        let title: String
        let caption: String
        let lines: [Line]
        let more: String?
    }

    struct Line {
        let link: String?
        let start: String
        let patient: String
        let what: String
        let why: String
        let mend: String
        let state: String
        let since: Moment
        let pm: String
        let here: String
        let app: String
        /// Whose list differs.
        let against: String
        let location: String
        let provider: String
    }

    /// More findings than a person reads on paper; the rest is in the list and in the CSV.
    private static let longest = 300

    /// Whether it is of a day of the past, with the findings as they were.
    private var isPast: Bool { round?.past != nil }

    func content(isLinked: Bool) -> Content {
        Content(
            title: "Scheduling report", practice: practice.name, round: round.map { describe($0, isLinked: isLinked) },
            openWords: isPast
                ? Words.count(causes.total, "finding was open", "findings were open")
                : Words.count(causes.total, "finding is open", "findings are open"),
            isPast: isPast,
            // A list of findings is of those of now.
            causes: causes.lines(practice.id, isLinked: isLinked && !isPast),
            flags: flags.map { $0.line(isLinked: isLinked) }, days: dayLines(isLinked: isLinked),
            groups: groups(isLinked: isLinked))
    }

    private func describe(_ round: ReportRound, isLinked: Bool) -> Round {
        Round(
            days: round.days, at: Moment(round.endedAt, practice.time, now: now, isDated: true),
            rules: round.runs.first?.agreement.rules ?? "",
            comparisons: round.runs.map { ComparisonLine($0, isLinked: isLinked) },
            addsUp: round.addsUp && breakdowns.allSatisfy { $0.cells.isEmpty || $0.addsUp },
            sources: round.sources(practice.time, now: now), doubt: round.doubt,
            breakdowns: breakdowns.compactMap { $0.table(isLinked: isLinked) },
            explanations: explanations(round, isLinked: isLinked))
    }

    private func explanations(_ round: ReportRound, isLinked: Bool) -> [Explained] {
        let names = Set(rules.values.flatMap { $0.map(\.rule) })
        let explained = names.map { name in
            Explained(
                label: Words.explanation(name),
                values: round.runs.map { run in
                    let count = rules[run.id]?.first { $0.rule == name }?.count ?? 0
                    let link = MemberLink.path(run, .explained, [("reason", name)])
                    return Explained.Value(
                        with: run.app ?? "pmsync", count: count, link: isLinked && count > 0 ? link : nil)
                })
        }
        let total = { (one: Explained) in one.values.reduce(0) { $0 + $1.count } }
        return explained.sorted { (total($1), $0.label) < (total($0), $1.label) }
    }

    private func groups(isLinked: Bool) -> [Group] {
        let states: [(FindingFilter.State, String, String)] = [
            (.open, "To do", "The oldest appointment first"),
            (.withheld, "Not judged yet", "Nobody is accused of these"),
            (.accepted, "Accepted", "Differs, and somebody said why it may"),
            (.closed, "Closed since", "It no longer shows"),
        ]
        return states.compactMap { state, title, caption in
            let of = findings.filter { $0.state == state.rawValue }
            if of.isEmpty { return nil }
            let shown = asOne(of)
            let left = shown.count - Self.longest
            return Group(
                title: "\(title): \(of.count)", caption: caption,
                lines: shown.prefix(Self.longest).map { line($0, isLinked: isLinked) },
                more: left > 0 ? "\(left) more are in the list of findings and in the CSV." : nil)
        }
    }

    private func dayLines(isLinked: Bool) -> [ReportedDay.Line] {
        guard let run = round?.runs.first else { return [] }
        let names = breakdowns.first?.names ?? [:]
        return days.map { $0.line(names, findings, run, practice.time, now: now, isLinked: isLinked) }
    }

    /// Findings as a person reads them: those alike of one bulk day are one.
    private func asOne(_ findings: [ReportedFinding]) -> [[ReportedFinding]] {
        let members = days.map { Set($0.event.members) }
        var places: [SameOfDay: Int] = [:]
        return findings.reduce(into: []) { lines, finding in
            guard let day = members.firstIndex(where: finding.isOf) else { return lines.append([finding]) }
            let same = SameOfDay(day: day, code: finding.code, cause: finding.cause, app: finding.app)
            if let place = places[same] { return lines[place].append(finding) }
            places[same] = lines.count
            lines.append([finding])
        }
    }

    private struct SameOfDay: Hashable {
        let day: Int
        let code: String
        let cause: String
        let app: String?
    }

    /// One line; of several it shows the first, and how many there are.
    private func line(_ findings: [ReportedFinding], isLinked: Bool) -> Line {
        let line = line(findings[0], isLinked: isLinked)
        if findings.count == 1 { return line }
        return Line(
            link: isLinked
                ? Form.link(
                    "/findings",
                    ["practice": practice.id, "state": findings[0].state, "code": findings[0].code])
                : nil,
            start: findings[0].day.map(Moment.day) ?? line.start, patient: "\(findings.count) appointments",
            what: line.what, why: line.why, mend: line.mend, state: line.state, since: line.since,
            pm: "as the first: \(line.pm)", here: "as the first: \(line.here)", app: "as the first: \(line.app)",
            against: line.against, location: line.location, provider: line.provider)
    }

    func line(_ finding: ReportedFinding, isLinked: Bool) -> Line {
        let sides = FindingSides(finding.sides, practice.time, now: now)
        let names = breakdowns.first?.names ?? [:]
        return Line(
            link: isLinked
                ? FindingLook.path(practice.id, round?.runs.first?.workflow ?? "scheduling", finding.key) : nil,
            start: sides.start?.text ?? finding.day.map(Moment.day) ?? "no day", patient: sides.patient,
            what: Words.finding(finding.code), why: Words.why(finding.cause, isWithheld: finding.isWithheld),
            mend: Words.mend(finding.act, isWithheld: finding.isWithheld), state: FindingLook(finding.state).words,
            since: Moment(finding.firstSeen, practice.time, now: now), pm: sides.summary(.pm),
            here: sides.summary(.here), app: sides.summary(.app), against: finding.app ?? "the PM's own list",
            location: finding.location.isEmpty ? "" : Breakdown.word(finding.location, names, .location),
            provider: finding.provider.isEmpty ? "" : Breakdown.word(finding.provider, names, .provider))
    }

    // MARK: As a page

    private struct Page {
        let frame: Frame
        let report: Content
        let tools: Tools?
    }

    struct Tools {
        let csv: String
        let json: String
        let filters: [Filter]
    }

    /// A whole page by itself, as `pmsync report --format html` writes it: its style sheet is in it.
    package func html() throws -> String {
        let content = content(isLinked: false)
        let page = try Pages().html(.report, Page(frame: Frame(title: content.title), report: content, tools: nil))
        return page.replacing(StyleSheet.link, with: "<style>\n\(StyleSheet.text)\n</style>")
    }

    /// A page of the console.
    func page(_ frame: Frame, _ pages: Pages, _ tools: Tools) -> String {
        pages.html(.report, Page(frame: frame, report: content(isLinked: true), tools: tools))
    }
}
