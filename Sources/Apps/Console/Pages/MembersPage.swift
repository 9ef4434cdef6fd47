import Foundation
import Hummingbird
import Mustache
import Postgres
import Reconciliation
import Worker

/// The appointments behind a number of the report: what each side says of each, how it was judged and by which rule, and
/// the way to its finding. The address says which number; nothing of a patient is in it.
extension Console {
    var memberRoutes: [Route] {
        [.get("/agreement/{practice}") { visit, person in try await members(visit, person) }]
    }

    private struct MembersPage {
        let frame: Frame
        let report: String
        let practice: String
        let between: String
        let days: String
        let at: Moment
        let filters: [Filter]
        let tally: String
        let rows: [MemberLine]
        let next: String?
        let caption: String
        let emptyWords: String
    }

    private struct MemberLine: MustacheParent {
        let start: String
        let provider: String
        let location: String
        let patient: String
        let pm: String
        let here: String
        let app: String
        let verdict: String
        let sign: String
        let tone: String
        let reasons: [String]
        let findings: [Pages.Link]

        /// A page has a hundred of these.
        func child(named name: String) -> Any? {
            switch name {
            case "start": start
            case "provider": provider
            case "location": location
            case "patient": patient
            case "pm": pm
            case "here": here
            case "app": app
            case "verdict": verdict
            case "sign": sign
            case "tone": tone
            case "reasons": reasons
            case "findings": findings
            default: nil
            }
        }
    }

    private static let pageSize = 100

    private func members(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let id = try visit.part("practice")
        let page = try await reading(person) { desk in
            let office = try desk.office(id)
            let round = try await ReportRound.newest(id, in: desk.transaction)
            let client = visit.query["app"].flatMap(UUID.init(uuidString:))
            guard let run = round?.runs.first(where: { $0.client == client }) ?? round?.runs.first else {
                throw ConsoleError.notFound
            }
            return try await describe(run, office, visit, desk)
        }
        return pages.page(.members, page)
    }

    private func describe(_ run: ReportRun, _ office: Office, _ visit: Visit, _ desk: Desk) async throws -> MembersPage
    {
        let filter = Self.filter(visit)
        let names = try await Breakdown.names(office.id, in: desk.transaction)
        let found = try await run.agreement.members(
            filter, after: visit.query["after"].flatMap(Agreement.Place.init), limit: Int64(Self.pageSize + 1),
            in: desk.transaction)
        let shown = Array(found.prefix(Self.pageSize))
        let findings = try await findings(of: shown, run, desk)
        let tally = try await run.agreement.tally(filter, in: desk.transaction)
        let address = Self.address(run, visit)
        let line = ComparisonLine(run, isLinked: false)
        return MembersPage(
            frame: Frame(title: "Appointments compared", desk.person, at: "/"),
            report: Form.link("/report/scheduling", ["practice": office.id]), practice: office.name,
            between: line.name,
            days: run.fromDay == run.toDay
                ? Moment.day(run.fromDay) : "\(Moment.day(run.fromDay)) to \(Moment.day(run.toDay))",
            at: Moment(run.endedAt, office.time, now: desk.now, isDated: true),
            filters: Self.filters(address, filter, names),
            tally: Self.words(tally, filter, run),
            rows: shown.map { self.line($0, findings[$0.id] ?? [], names, office, desk) },
            next: found.count > Self.pageSize ? shown.last.map { address.with("after", $0.place.text) } : nil,
            caption: "By time: \(shown.count)\(found.count > Self.pageSize ? " and more" : "")",
            emptyWords: "No appointment of the last comparison is like that.")
    }

    // MARK: Which

    private static func filter(_ visit: Visit) -> Agreement.Filter {
        let code = { (name: String) -> String? in
            visit.query[name].map { $0 == MemberLink.nowhere ? "" : $0 }
        }
        return Agreement.Filter(
            verdict: visit.query["verdict"], reason: visit.query["reason"], location: code("location"),
            provider: code("provider"), side: visit.query["side"].flatMap(SideName.init(rawValue:)),
            day: visit.query["day"].flatMap(CalendarDay.init),
            event: visit.query["event"].flatMap(UUID.init(uuidString:)), flag: visit.query["flag"])
    }

    private static func address(_ run: ReportRun, _ visit: Visit) -> Address {
        Address(
            path: "/agreement/\(Form.escape(run.practice))",
            parameters: [("app", run.client?.uuidString.lowercased())]
                + ["verdict", "reason", "side", "location", "provider", "day", "event", "flag"].map {
                    ($0, visit.query[$0])
                })
    }

    private static func filters(
        _ address: Address, _ filter: Agreement.Filter, _ names: [String: String]
    ) -> [Filter] {
        var filters = [
            address.filter(
                "Judged", "verdict",
                [("All", nil)] + ReportRun.Figure.classes.map { ($0.label, $0.rawValue) }),
            address.filter(
                "Side", "side", [("All", nil), ("In the PM", "pm"), ("Here", "here"), ("In the app", "app")]),
        ]
        if let reason = filter.reason {
            filters.append(address.filter("Why", "reason", [("All", nil), (Words.reason(reason), reason)]))
        }
        for (axis, code) in [(MemberLink.Axis.location, filter.location), (.provider, filter.provider)] {
            guard let code else { continue }
            filters.append(
                address.filter(
                    Words.plain(axis.rawValue), axis.rawValue,
                    [("All", nil), (Breakdown.word(code, names, axis), MemberLink.code(code))]))
        }
        if let day = filter.day {
            filters.append(address.filter("Day", "day", [("All", nil), (Moment.day(day), day.description)]))
        }
        if let event = filter.event {
            filters.append(
                address.filter("Event", "event", [("All", nil), ("One whole day", event.uuidString.lowercased())]))
        }
        if let flag = filter.flag {
            filters.append(address.filter("Marked", "flag", [("All", nil), (Words.flag(flag), flag)]))
        }
        return filters
    }

    /// How many there are: the number that led here. A side may have one appointment more than once.
    private static func words(_ tally: Agreement.Tally, _ filter: Agreement.Filter, _ run: ReportRun) -> String {
        let appointments = Words.count(Int64(tally.groups), "appointment", "appointments")
        let sides: [(ReportRun.Figure, Int)] = [(.inPM, tally.inPM), (.here, tally.here), (.inApp, tally.inApp)]
        let entries = sides.filter { run.isCompared($0.0) }.map { "\($0.1) \($0.0.label.lowercased())" }
            .joined(separator: ", ").replacing("the pm", with: "the PM")
        return "\(appointments): \(entries)."
    }

    // MARK: Each

    private func findings(
        of members: [Agreement.Member], _ run: ReportRun, _ desk: Desk
    ) async throws -> [UUID: [Pages.Link]] {
        let judged = members.filter { ["open", "withheld"].contains($0.verdict) }.map(\.id)
        if judged.isEmpty { return [:] }
        let rows = try await desk.transaction.query(
            FindingQueries.ofMembers(run.practice, run.workflow, judged, client: run.client))
        return try rows.reduce(into: [:]) { links, row in
            let (member, key, code, cause, isWithheld) = try row.decode((UUID, String, String, String, Bool).self)
            let name = "\(Words.finding(code)): \(Words.why(cause, isWithheld: isWithheld))"
            links[member, default: []].append(
                Pages.Link(name: name, href: FindingLook.path(run.practice, run.workflow, key)))
        }
    }

    private func line(
        _ member: Agreement.Member, _ findings: [Pages.Link], _ names: [String: String], _ office: Office, _ desk: Desk
    ) -> MemberLine {
        let sides = member.sides.map { FindingSides($0, office.time, now: desk.now) }
        let same = [member.start.map { Moment($0, office.time, now: desk.now, isDated: true).text }, member.status]
            .compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ", ")
        let says = { (name: FindingSides.Name, count: Int) -> String in
            if count == 0 { return "not there" }
            return sides?.summary(name) ?? (count == 1 ? same : "\(same), \(count) times")
        }
        let (sign, tone) = Self.look(member.verdict)
        let patient = [member.initials, member.last4.isEmpty ? "" : "…\(member.last4)"].filter { !$0.isEmpty }
        return MemberLine(
            start: member.start.map { Moment($0, office.time, now: desk.now, isDated: true).text }
                ?? member.day.map(Moment.day) ?? "no day",
            provider: Breakdown.word(member.provider, names, .provider),
            location: Breakdown.word(member.location, names, .location),
            patient: patient.isEmpty ? "no patient" : patient.joined(separator: " "), pm: says(.pm, member.inPM),
            here: says(.here, member.here), app: says(.app, member.inApp), verdict: Words.plain(member.verdict),
            sign: sign, tone: tone, reasons: findings.isEmpty ? member.reasons.map(Words.reason) : [],
            findings: findings)
    }

    private static func look(_ verdict: String) -> (sign: String, tone: String) {
        switch verdict {
        case "matched", "explained": ("✓", "good")
        case "open": ("▲", "care")
        default: ("◌", "soft")
        }
    }
}

extension Agreement.Place {
    /// As an address has it: microseconds since 1970, and the id, which names nobody.
    fileprivate var text: String { "\(Int64((start.timeIntervalSince1970 * 1_000_000).rounded()))~\(id.uuidString)" }

    fileprivate init?(_ text: String) {
        let parts = text.split(separator: "~")
        guard parts.count == 2, let micros = Int64(parts[0]), let id = UUID(uuidString: String(parts[1])) else {
            return nil
        }
        self.init(start: Date(timeIntervalSince1970: Double(micros) / 1_000_000), id: id)
    }
}
