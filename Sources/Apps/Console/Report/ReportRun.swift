package import Foundation
package import Postgres
import Reconciliation
import Worker

/// One stored comparison as it is shown: the PM's list and our record, with the list of one booking app where the practice
/// has any.
package struct ReportRun: Sendable {
    let agreement: Agreement
    let sources: RunSources

    package var id: UUID { agreement.run }
    package var practice: String { agreement.practice }
    package var workflow: String { agreement.workflow }
    package var fromDay: CalendarDay { agreement.fromDay }
    package var toDay: CalendarDay { agreement.toDay }
    package var endedAt: Date { agreement.endedAt }
    /// The booking app's name; nil where the practice has none with a list.
    package var app: String? { agreement.clientName ?? sources.appName }
    var client: UUID? { agreement.client }

    init(_ agreement: Agreement) {
        self.agreement = agreement
        sources = RunSources(JSONValue(agreement.sources))
    }

    /// What was compared last: one run a booking app, by name. With a time, of those that ended in it.
    package static func newest(
        _ practice: String, ended: Range<Date>? = nil, in transaction: Transaction
    ) async throws -> [ReportRun] {
        let all = try await Agreement.newest(practice, ended: ended, in: transaction)
        // An app whose list is compared no more has an older run, which is no part of this comparison.
        let newest = all.map(\.startedAt).max() ?? .distantPast
        return all.filter { $0.startedAt == newest }.map(ReportRun.init).sorted {
            ($0.app ?? "", $0.id.uuidString) < ($1.app ?? "", $1.id.uuidString)
        }
    }

    // MARK: Counts

    /// A count that a run is summed up by. `groups`, the appointments compared, is the sum of the classes.
    enum Figure: String, CaseIterable {
        case inPM, here, inApp, groups, matched, explained, withheld, open

        static let classes: [Figure] = [.matched, .explained, .withheld, .open]

        func count(_ counts: Comparison.Counts) -> Int {
            switch self {
            case .inPM: counts.inPM
            case .here: counts.here
            case .inApp: counts.inApp
            case .groups: counts.groups
            case .matched: counts.matched
            case .explained: counts.explained
            case .withheld: counts.withheld
            case .open: counts.open
            }
        }

        func count(_ cell: Agreement.Cell) -> Int {
            switch self {
            case .inPM: cell.inPM
            case .here: cell.here
            case .inApp: cell.inApp
            case .groups: cell.groups
            case .matched: cell.matched
            case .explained: cell.explained
            case .withheld: cell.withheld
            case .open: cell.open
            }
        }
    }

    /// A side without a list was not compared, and its 0 would say that it is empty.
    func isCompared(_ figure: Figure) -> Bool {
        switch figure {
        case .inPM: sources.pm.asOf != nil
        case .inApp: sources.appList.asOf != nil
        case .here, .groups, .matched, .explained, .withheld, .open: true
        }
    }

    /// Nil where there was nothing to count.
    func count(_ figure: Figure) -> Int? { isCompared(figure) ? figure.count(agreement.counts) : nil }

    /// Why what looked like a difference was none, and how often.
    var explanations: [(name: String, count: Int)] { Self.ranked(agreement.counts.explanations) }

    /// Why what differs is not judged, and how often, the most first.
    var withheldBecause: [(name: String, count: Int)] { Self.ranked(agreement.counts.withheldBecause) }

    private static func ranked(_ counts: [String: Int]) -> [(name: String, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// Whether every appointment compared is in one class and in no other.
    var addsUp: Bool {
        Figure.classes.reduce(0) { $0 + $1.count(agreement.counts) } == agreement.counts.groups
            && withheldBecause.reduce(0) { $0 + $1.count } <= agreement.counts.withheld
    }

    /// What is withheld for another reason than that it is new: a feed or a list says too little.
    private var blind: Int {
        agreement.counts.withheld - (agreement.counts.withheldBecause[Cause.tooYoung.rawValue] ?? 0)
    }

    /// Matched and explained, of all that was judged; nil while a feed or a list says too little to judge.
    var share: String? {
        guard !sources.readNothing, blind == 0 else { return nil }
        let counts = agreement.counts
        let judged = counts.groups - counts.withheld
        if judged <= 0 { return "100 %" }
        // Cut, not rounded: 999 of 1000 is not 100 %.
        let tenths = (counts.matched + counts.explained) * 1000 / judged
        return tenths >= 1000 ? "100 %" : "\(tenths / 10).\(tenths % 10) %"
    }

    /// Why nothing found does not mean that all agrees; nil where it does.
    var doubt: String? {
        if sources.readNothing { return "there was no list to compare with" }
        if sources.pm.problem != nil { return "the PM's own list could not be read" }
        if sources.appList.problem != nil { return "the list of \(app ?? "the booking app") could not be read" }
        if sources.feedIsSilent { return "the feed is silent against its rhythm" }
        if blind == 0 { return nil }
        let words = Words.withheld(withheldBecause)
        return words.isEmpty ? "\(blind) withheld, because the feed was behind" : "withheld are \(words)"
    }
}
