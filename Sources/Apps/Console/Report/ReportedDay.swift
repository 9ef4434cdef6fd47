import Foundation
import Postgres
import Practice
import Records
import Worker

/// A day of a provider or a room that the PM cancelled or transferred as one: one event of the report, however many
/// appointments it took along.
struct ReportedDay: Sendable {
    let event: StoredDayEvent
    /// Whose day it was, by axis and code as the comparison's numbers are.
    let axis: MemberLink.Axis
    let code: String
    let toCode: String?

    /// Of the days that the runs compare; with an instant, those that were known then. Index day_event_by_day; primary key of the resources.
    static func read(
        _ runs: [ReportRun], asOf past: Date?, in transaction: Transaction
    ) async throws -> [ReportedDay] {
        guard let run = runs.first else { return [] }
        let events = try await DayEvents.list(
            from: run.fromDay, to: run.toDay, practice: run.practice, in: transaction
        ).filter { $0.at <= past ?? .distantFuture }
        if events.isEmpty { return [] }
        let ids = events.map(\.resource) + events.compactMap(\.toResource)
        let rows = try await transaction.query(
            "SELECT id, kind, code FROM records.resource WHERE practice_id = \(run.practice) AND id = ANY (\(ids))"
        ).map { try $0.decode((UUID, String, String).self) }
        let resources = Dictionary(rows.map { ($0.0, (kind: $0.1, code: $0.2)) }) { first, _ in first }
        return events.compactMap { event in
            guard let resource = resources[event.resource] else { return nil }
            return ReportedDay(
                event: event, axis: resource.kind == "location" ? .location : .provider, code: resource.code,
                toCode: event.toResource.flatMap { resources[$0]?.code })
        }
    }

    /// In a word for a file, beside the event's own kind for programs.
    var what: String { event.kind == "day.transferred" ? "transferred" : "cancelled" }

    // MARK: As it is shown

    struct Line {
        let day: String
        let who: String
        let what: String
        let count: Int
        /// To those of them that were compared.
        let link: String?
        let open: Int
        let at: Moment
    }

    func line(
        _ names: [String: String], _ findings: [ReportedFinding], _ run: ReportRun, _ time: PracticeTime, now: Date,
        isLinked: Bool
    ) -> Line {
        let link = MemberLink.path(run, nil, [("event", event.id.uuidString.lowercased())])
        let members = Set(event.members)
        return Line(
            day: Moment.day(event.day), who: Breakdown.word(code, names, axis), what: words(names),
            count: event.members.count,
            link: isLinked && run.agreement.hasMembers ? link : nil,
            open: findings.count { $0.state == FindingFilter.State.open.rawValue && $0.isOf(members) },
            at: Moment(event.at, time, now: now, isDated: true))
    }

    private func words(_ names: [String: String]) -> String {
        guard let toCode, let toDay = event.toDay else { return "Cancelled" }
        let whose = toCode == code ? "" : " to \(Breakdown.word(toCode, names, axis))"
        return "Transferred\(whose)" + (toDay == event.day ? "" : ", to \(Moment.day(toDay))")
    }
}

extension ReportedFinding {
    func isOf(_ members: Set<UUID>) -> Bool { record.map(members.contains) ?? false }
}
