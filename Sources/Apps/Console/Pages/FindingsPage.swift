import Foundation
import Hummingbird
import Postgres

/// The list of findings. Its filters are its address, so that it can be kept and sent.
extension Console {
    var findingRoutes: [Route] {
        [
            .get("/findings") { visit, person in try await findings(visit, person) },
            .get("/findings/{practice}/{key}") { visit, person in try await finding(visit, person) },
            .post("/findings/{practice}/{key}/resend") { visit, person in try await resend(visit, person) },
            .post("/findings/{practice}/{key}/remove") { visit, person in try await confirmRemoval(visit, person) },
            .post("/findings/{practice}/{key}/accept") { visit, person in try await accept(visit, person) },
            .post("/findings/{practice}/{key}/withdraw") { visit, person in try await withdraw(visit, person) },
        ]
    }

    private struct FindingsPage {
        let frame: Frame
        let filters: [Filter]
        let rows: [Line]
        let next: String?
        let caption: String
        let emptyWords: String
    }

    private struct Line {
        let link: String
        let day: String
        let patient: String
        let what: String
        let why: String
        let since: Moment
        let state: String
        let sign: String
        let tone: String
        let practice: String
        let showPractice: Bool
    }

    private static let pageSize = 50

    private func findings(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let address = Address(
            path: "/findings",
            parameters: ["practice", "app", "code", "cause", "age", "state"].map { name in
                (name, visit.query[name] ?? (name == "state" ? FindingFilter.State.open.rawValue : nil))
            })
        let page = try await reading(person) { desk in
            let filter = filter(visit, desk)
            let rows = try await desk.transaction.query(
                FindingQueries.list(filter, limit: Int64(Self.pageSize + 1)))
            let open = try await desk.transaction.query(FindingQueries.codes()).map { try $0.decode(String.self) }
            let codes = open + [filter.code].compactMap(\.self).filter { !open.contains($0) }
            let listed = try rows.prefix(Self.pageSize).map { try line($0, desk) }
            let last = rows.count > Self.pageSize ? listed.last?.place : nil
            let empty = try await emptyWords(filter, desk)
            return FindingsPage(
                frame: Frame(title: "Findings", person, at: "/findings"),
                filters: filters(address, codes, desk), rows: listed.map(\.line),
                next: last.map { address.with("after", $0.text) },
                caption: "Findings, the oldest first: \(listed.count)\(last == nil ? "" : " and more")",
                emptyWords: empty)
        }
        return pages.page(.findings, page)
    }

    /// Nothing found is good news only where something was compared.
    private func emptyWords(_ filter: FindingFilter, _ desk: Desk) async throws -> String {
        guard filter.state == .open else { return "There is none of this kind." }
        for office in desk.offices where filter.practice == nil || filter.practice == office.id {
            if try await ReportRun.newest(office.id, in: desk.transaction).isEmpty {
                return "Nothing is open here, but \(office.name) was never compared."
            }
        }
        let isNarrow =
            filter.code != nil || filter.cause != nil || filter.from != nil || filter.to != nil || filter.app != nil
        return isNarrow ? "Nothing of this kind is open." : "Nothing is open here. Nobody needs you."
    }

    private func filter(_ visit: Visit, _ desk: Desk) -> FindingFilter {
        let practice = visit.query["practice"]
        let age = visit.query["age"].flatMap(FindingAge.init).map { age in
            desk.time(practice).bounds(of: desk.now).range(age)
        }
        return FindingFilter(
            practice: practice, code: visit.query["code"], cause: visit.query["cause"],
            state: visit.query["state"] == "all" ? nil : FindingFilter.State(rawValue: visit.query["state"] ?? "open"),
            app: visit.query["app"].flatMap(UUID.init(uuidString:)), from: age?.from, to: age?.to,
            after: visit.query["after"].flatMap(FindingFilter.Place.init))
    }

    private func filters(_ address: Address, _ codes: [String], _ desk: Desk) -> [Filter] {
        var filters: [Filter] = []
        if desk.offices.count > 1 {
            filters.append(
                address.filter("Practice", "practice", [("All", nil)] + desk.offices.map { ($0.name, $0.id) }))
        }
        filters.append(
            address.filter(
                "State", "state", FindingFilter.State.allCases.map { ($0.words, $0.rawValue) } + [("All", "all")]))
        filters.append(address.filter("Kind", "code", [("All", nil)] + codes.map { (Words.finding($0), $0) }))
        if let cause = address.parameters.first(where: { $0.name == "cause" })?.value {
            filters.append(address.filter("Why", "cause", [("All", nil), (Words.cause(cause), cause)]))
        }
        filters.append(
            address.filter("Age", "age", [("All", nil)] + FindingAge.allCases.map { ($0.words, $0.rawValue) }))
        return filters
    }

    private func line(_ row: Row, _ desk: Desk) throws -> (line: Line, place: FindingFilter.Place) {
        let (practice, workflow, key, code, cause, isWithheld, state, day, sidesText, first, since) = try row.decode(
            (String, String, String, String, String, Bool, String, CalendarDay?, String, Date, Int64).self)
        let time = desk.time(practice)
        let sides = FindingSides(sidesText, time, now: desk.now)
        let look = FindingLook(state)
        let line = Line(
            link: FindingLook.path(practice, workflow, key),
            day: sides.start?.text ?? day.map(Moment.day) ?? "no day", patient: sides.patient,
            what: Words.finding(code), why: Words.why(cause, isWithheld: isWithheld),
            since: Moment(first, time, now: desk.now),
            state: look.words, sign: look.sign, tone: look.tone, practice: desk.name(practice),
            showPractice: desk.offices.count > 1)
        return (line, FindingFilter.Place(since: since, practice: practice, workflow: workflow, key: key))
    }
}

/// How a finding's state looks: a word, a sign, and a colour that repeats them.
struct FindingLook {
    let words: String
    let sign: String
    let tone: String

    init(_ state: String) {
        switch FindingFilter.State(rawValue: state) {
        case .open: (words, sign, tone) = ("Open", "▲", "care")
        case .accepted: (words, sign, tone) = ("Accepted", "✓", "good")
        case .withheld: (words, sign, tone) = ("Withheld", "◌", "soft")
        case .closed: (words, sign, tone) = ("Closed", "✓", "good")
        case nil: (words, sign, tone) = (Words.plain(state), "?", "soft")
        }
    }

    static func path(_ practice: String, _ workflow: String, _ key: String) -> String {
        let path = "/findings/\(Form.escape(practice))/\(Form.escape(key))"
        return workflow == "scheduling" ? path : Form.link(path, ["workflow": workflow])
    }
}
