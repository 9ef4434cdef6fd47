import Foundation
import Hummingbird
import Postgres
import Queue
import Worker

/// Which appointments messages mean, as people decided, and taking back what was decided wrongly.
extension Console {
    var decisionRoutes: [Route] {
        [
            .get("/decisions") { visit, person in try await decisions(visit, person) },
            .post("/decisions/{id}/take-back") { visit, person in try await takeBack(visit, person) },
        ]
    }

    private struct DecisionsPage {
        let frame: Frame
        let rows: [DecisionLine]
    }

    private struct DecisionLine {
        let id: Int64
        let at: Moment
        let practice: String
        let who: String
        let reason: String
        let message: String
        let meant: String
        /// Who took it back and why; nil: it stands.
        let takenBack: String?
    }

    private func decisions(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let page = try await reading(person) { desk in
            let rows = try await TakingBack.decisions(in: desk.transaction).map { line in
                DecisionLine(
                    id: line.id, at: Moment(line.at, desk.time(line.practice), now: desk.databaseNow),
                    practice: desk.name(line.practice), who: line.actor, reason: line.reason,
                    message: "/messages/\(line.day)/\(line.entry)",
                    meant: (line.isNew ? "A new appointment" : "One of those asked about")
                        + (line.appointment == nil ? ", not applied yet" : ""),
                    takenBack: line.takenBackBy.map { "\($0): \(line.takenBackBecause ?? "")" })
            }
            return DecisionsPage(
                frame: Frame(title: "Decisions", person, at: "/jobs", notice: Self.notice(visit)), rows: rows)
        }
        return pages.page(.decisions, page)
    }

    private static func notice(_ visit: Visit) -> String? {
        switch visit.query["done"] {
        case "taken-back":
            "It is taken back. What rested on it is filed anew; where that asks again, it is among the parked jobs."
        case "already": "It was taken back before; it was not done twice."
        default: nil
        }
    }

    private func takeBack(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        guard let decision = Int64(try visit.part("id")) else { throw ConsoleError.notFound }
        let reason = try visit.form.reason()
        let taking = try await TakingBack(pool: pool)
        let answer = try await reading(person) { desk in
            try await taking.takeBack(decision, by: person.name, reason: reason, in: desk.transaction)
        }
        switch answer {
        case .unknownDecision: throw ConsoleError.notFound
        case .already: return .seeOther(Form.link("/decisions", ["done": "already"]))
        case .asked:
            await doorbell.ring([TakingBack.queue])
            return .seeOther(Form.link("/decisions", ["done": "taken-back"]))
        }
    }
}
