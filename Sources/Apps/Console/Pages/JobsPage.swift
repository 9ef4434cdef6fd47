import Foundation
import Hummingbird
import Postgres

/// Jobs that do not run, in groups of the same trouble, and their members.
extension Console {
    var jobRoutes: [Route] {
        [
            .get("/jobs") { visit, person in try await jobs(visit, person) },
            .get("/jobs/replay") { visit, person in try await replayPreview(visit, person) },
            .post("/jobs/replay") { visit, person in try await replay(visit, person) },
            .get("/jobs/{id}") { visit, person in try await job(visit, person) },
            .post("/jobs/{id}/decide") { visit, person in try await decide(visit, person) },
            .post("/jobs/{id}/discard") { visit, person in try await discard(visit, person) },
        ]
    }

    private struct JobsPage {
        let frame: Frame
        let filters: [Filter]
        let groups: [Group]
        let members: [Member]
        let next: String?
        let emptyWords: String
    }

    private struct Group {
        let words: String
        let count: Int64
        let queue: String
        let state: String
        let link: String
        let replayLink: String?
        let oldest: Moment
        let newest: Moment
    }

    private struct Member {
        let id: Int64
        let link: String
        let what: String
        let detail: String
        let practice: String
        let attempts: Int16
        let since: Moment
        let state: String
    }

    private static let pageSize = 50

    private func jobs(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let address = Address(
            path: "/jobs",
            parameters: ["state", "queue", "code", "practice", "item"].map { name in
                (name, visit.query[name] ?? (name == "state" ? "parked" : nil))
            })
        var wanted = JobSelection(visit.query)
        if visit.query["state"] == nil { wanted.state = "parked" }
        let after = visit.query["after"].flatMap { Int64($0) }
        let page = try await reading(person) { [wanted] desk in
            let groups = try await desk.transaction.query(JobQueries.groups(person, wanted))
                .map { try group($0, address, desk) }
            let rows = try await desk.transaction.query(
                JobQueries.members(person, wanted, after: after, limit: Int64(Self.pageSize + 1)))
            let members = try rows.prefix(Self.pageSize).map { try member($0, desk) }
            let last = rows.count > Self.pageSize ? members.last?.id : nil
            return JobsPage(
                frame: Frame(title: "Parked jobs", person, at: "/jobs", notice: Self.notice(visit)),
                filters: filters(address, desk), groups: groups, members: members,
                next: last.map { address.with("after", "\($0)") },
                emptyWords: wanted.state == "parked" && wanted.code == nil
                    ? "Nothing is parked. No message waits for a person." : "There is none of this kind.")
        }
        return pages.page(.jobs, page)
    }

    private static func notice(_ visit: Visit) -> String? {
        let count = visit.query["count"].flatMap { Int64($0) } ?? 0
        return switch visit.query["done"] {
        case "decided": "Decided. The message is back in line."
        case "replayed" where count == 0: "Nothing was left to replay: it had been replayed or discarded already."
        case "replayed": Words.count(count, "job is", "jobs are") + " back in line, in the old order."
        case "discarded": "The job is discarded. The reason is on record."
        default: nil
        }
    }

    private func filters(_ address: Address, _ desk: Desk) -> [Filter] {
        var filters = [
            address.filter(
                "State", "state",
                [
                    ("Parked", "parked"), ("Uncertain", "uncertain"), ("Retrying", "retrying"), ("Waiting", "waiting"),
                    ("All", "all"),
                ])
        ]
        if desk.offices.count > 1 {
            filters.append(
                address.filter("Practice", "practice", [("All", nil)] + desk.offices.map { ($0.name, $0.id) }))
        }
        for name in ["queue", "code"] {
            if let value = address.parameters.first(where: { $0.name == name })?.value {
                let words = name == "code" ? Words.job(value) : value
                filters.append(address.filter(Words.plain(name), name, [("All", nil), (words, value)]))
            }
        }
        return filters
    }

    private func group(_ row: Row, _ address: Address, _ desk: Desk) throws -> Group {
        let (queue, state, code, count, oldest, newest) = try row.decode(
            (String, String, String?, Int64, Date, Date).self)
        var one = address
        one.parameters = [
            ("state", state), ("queue", queue), ("code", code),
            ("practice", address.parameters.first { $0.name == "practice" }?.value),
            ("item", address.parameters.first { $0.name == "item" }?.value),
        ]
        var preview = one
        preview = Address(path: "/jobs/replay", parameters: preview.parameters)
        let time = desk.time(nil)
        return Group(
            words: code.map(Words.job) ?? "Waits for an earlier job of the same person", count: count, queue: queue,
            state: Words.state(state), link: one.text,
            replayLink: ["parked", "uncertain"].contains(state) ? preview.text : nil,
            oldest: Moment(oldest, time, now: desk.databaseNow), newest: Moment(newest, time, now: desk.databaseNow))
    }

    private func member(_ row: Row, _ desk: Desk) throws -> Member {
        let (id, queue, state, code, stage, detail, practice, attempts, since) = try row.decode(
            (Int64, String, String, String?, String?, String?, String?, Int16, Date).self)
        return Member(
            id: id, link: "/jobs/\(id)", what: code.map(Words.job) ?? "Waits for an earlier job",
            detail: [detail, stage.map { "while: \($0)" }, queue].compactMap(\.self).filter { !$0.isEmpty }
                .joined(separator: "; "),
            practice: desk.name(practice), attempts: attempts,
            since: Moment(since, desk.time(practice), now: desk.databaseNow), state: Words.state(state))
    }
}
