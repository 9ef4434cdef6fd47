import Foundation
import Hummingbird
import Postgres
import Worker

/// The booking apps that are told of changes: off, in shadow or live, since when and why, what waits, and for those in
/// shadow how far what they would be told is what the replaced interface tells them.
extension Console {
    var destinationRoutes: [Route] {
        [
            .get("/destinations") { visit, person in try await destinations(visit, person) },
            .post("/destinations/{practice}/{subscription}/hold") { visit, person in try await hold(visit, person) },
            .post("/destinations/{practice}/{subscription}/let-go") { visit, person in try await letGo(visit, person) },
        ]
    }

    private struct DestinationsPage {
        let frame: Frame
        let destinations: [DestinationLine]
        let parities: [ParityLine]
        let cases: [CaseLine]
    }

    private struct DestinationLine {
        let name: String
        let practice: String
        let mode: String
        let sign: String
        let tone: String
        let since: String
        let reason: String
        let pending: Int64
        let paused: String?
        let last: String
        let id: UUID
        let base: String
    }

    private struct ParityLine {
        let name: String
        let practice: String
        let parity: String
        let same: Int
        let differs: Int
        let onlyTheirs: Int
        let onlyOurs: Int
        let waiting: Int
        let fields: String
        let since: String
    }

    private struct CaseLine {
        let at: Moment
        let name: String
        let verdict: String
        let differs: String
        let link: String?
    }

    private func destinations(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let page = try await reading(person) { desk in
            let rows = try await desk.transaction.query(DestinationQueries.all())
            let parities = try await ParitySummary.read(practice: nil, now: desk.databaseNow, in: desk.transaction)
            let cases = try await ParityCase.list(
                practice: nil, now: desk.databaseNow, limit: 50, in: desk.transaction)
            return DestinationsPage(
                frame: Frame(
                    title: "Booking apps", person, at: "/destinations", notice: Self.notice(visit)),
                destinations: try rows.map { try line($0, desk) }, parities: parities.map { line($0, desk) },
                cases: cases.map { line($0, desk) })
        }
        return pages.page(.destinations, page)
    }

    private static func notice(_ visit: Visit) -> String? {
        switch visit.query["done"] {
        case "held": "Its notices wait from now on, in their order. Nothing is lost."
        case "going": "Its notices go on, in their order."
        default: nil
        }
    }

    private func line(_ row: Row, _ desk: Desk) throws -> DestinationLine {
        let (practice, id, name, mode, at, reason, actor, pending, paused, last) = try row.decode(
            (String, UUID, String, String, Date?, String?, String?, Int64, String?, Date?).self)
        let time = desk.time(practice)
        let (words, sign, tone): (String, String, String) =
            switch mode {
            case "live": ("Live: told of every change", "✓", "good")
            case "shadow": ("Shadow: worked out, not sent", "◌", "care")
            default: ("Off: told nothing", "‖", "soft")
            }
        return DestinationLine(
            name: name, practice: desk.name(practice), mode: words, sign: sign, tone: tone,
            since: at.map { Moment($0, time, now: desk.databaseNow).text } ?? "the beginning",
            reason: [reason, actor.map { "(\($0))" }].compactMap(\.self).joined(separator: " "), pending: pending,
            paused: paused, last: last.map { Moment($0, time, now: desk.databaseNow).text } ?? "nothing yet", id: id,
            base: "/destinations/\(Form.escape(practice))/\(id.uuidString.lowercased())")
    }

    private func line(_ summary: ParitySummary, _ desk: Desk) -> ParityLine {
        // Cut, not rounded: 999 of 1000 is not 100 %.
        let parity = summary.parity.map { "\(($0 * 10).rounded(.down) / 10) %" } ?? "nothing judged yet"
        let fields = summary.fields.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Words.plain($0.key)) \($0.value)" }
        return ParityLine(
            name: summary.destination, practice: desk.name(summary.practice), parity: parity, same: summary.same,
            differs: summary.differs, onlyTheirs: summary.onlyTheirs, onlyOurs: summary.onlyOurs,
            waiting: summary.waiting, fields: fields.isEmpty ? "none" : fields.joined(separator: ", "),
            since: summary.since.map { Moment($0, desk.time(summary.practice), now: desk.databaseNow).text } ?? "")
    }

    private func line(_ one: ParityCase, _ desk: Desk) -> CaseLine {
        let verdict =
            switch one.verdict {
            case "differs": "Both told it, and not alike"
            case "only-theirs": "Only the old interface told it"
            case "only-ours": "Only we would tell it"
            default: Words.plain(one.verdict)
            }
        return CaseLine(
            at: Moment(one.at, desk.time(one.practice), now: desk.databaseNow), name: one.destination, verdict: verdict,
            differs: one.differs.map(Words.plain).joined(separator: ", "),
            link: one.message.map { "/messages/\($0)" })
    }
}

enum DestinationQueries {
    /// Webhooks in force, each with the newest switch of its mode and what is still to be delivered.
    static func all() -> SQL {
        """
        SELECT s.practice_id, s.id, c.name, s.mode, m.at, m.reason, m.actor, (
                SELECT count(*) FROM api.delivery d
                WHERE d.practice_id = s.practice_id AND d.subscription_id = s.id AND d.state = 'pending'),
            q.paused_reason, (
                SELECT d.ended_at FROM api.delivery d
                WHERE d.practice_id = s.practice_id AND d.subscription_id = s.id AND d.state = 'delivered'
                ORDER BY d.event_number DESC LIMIT 1)
        FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id AND c.revoked_at IS NULL
        JOIN queue.queue q ON q.id = s.queue
        LEFT JOIN LATERAL (
            SELECT h.at, h.reason, h.actor FROM api.mode h
            WHERE h.practice_id = s.practice_id AND h.subscription_id = s.id ORDER BY h.id DESC LIMIT 1) m ON true
        WHERE s.ended_at IS NULL
        ORDER BY s.practice_id, c.name
        """
    }

    static func name(_ practice: String, _ subscription: UUID) -> SQL {
        """
        SELECT c.name FROM api.subscription s
        JOIN api.client c ON c.practice_id = s.practice_id AND c.id = s.client_id
        WHERE s.practice_id = \(practice) AND s.id = \(subscription) AND s.ended_at IS NULL
        """
    }

    /// Of those that are not held, so that a form sent twice holds once.
    static func hold(_ practice: String, _ subscription: UUID, reason: String) -> SQL {
        """
        UPDATE queue.queue q SET paused_reason = \(reason) FROM api.subscription s
        WHERE s.practice_id = \(practice) AND s.id = \(subscription) AND q.id = s.queue AND q.paused_reason IS NULL
        """
    }

    static func letGo(_ practice: String, _ subscription: UUID) -> SQL {
        """
        UPDATE queue.queue q SET paused_reason = NULL, drains_through = NULL FROM api.subscription s
        WHERE s.practice_id = \(practice) AND s.id = \(subscription) AND q.id = s.queue AND q.paused_reason IS NOT NULL
        RETURNING q.name
        """
    }
}
