import Foundation
import Hummingbird
import Postgres
import Queue

/// Holding a booking app's notices back, and letting them go on in their order. Each wants a reason, which stands on the
/// page and in the audit.
extension Console {
    func hold(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let (practice, subscription) = try Self.destination(visit)
        let reason = try visit.form.reason()
        try await reading(person) { desk in
            let name = try await name(practice, subscription, desk)
            let held = try await desk.transaction.execute(
                DestinationQueries.hold(practice, subscription, reason: reason))
            if held == 0 { throw ConsoleError.changedMeanwhile }
            try await Audit.record(
                .paused, actor: person.name, subject: "client \(name)", reason: reason, practice: practice,
                in: desk.transaction)
        }
        return .seeOther("/destinations?done=held")
    }

    func letGo(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let (practice, subscription) = try Self.destination(visit)
        let reason = try visit.form.reason()
        let queue = try await reading(person) { desk in
            let name = try await name(practice, subscription, desk)
            guard
                let queue = try await desk.transaction.query(DestinationQueries.letGo(practice, subscription)).first?
                    .decode(String.self)
            else { throw ConsoleError.changedMeanwhile }
            try await Audit.record(
                .resumed, actor: person.name, subject: "client \(name)", reason: reason, practice: practice,
                in: desk.transaction)
            return queue
        }
        await doorbell.ring([queue])
        return .seeOther("/destinations?done=going")
    }

    private static func destination(_ visit: Visit) throws(ConsoleError) -> (practice: String, subscription: UUID) {
        guard let subscription = UUID(uuidString: try visit.part("subscription")) else { throw .notFound }
        return (try visit.part("practice"), subscription)
    }

    private func name(_ practice: String, _ subscription: UUID, _ desk: Desk) async throws -> String {
        guard desk.person.practices.contains(practice),
            let name = try await desk.transaction.query(DestinationQueries.name(practice, subscription)).first?
                .decode(String.self)
        else { throw ConsoleError.notFound }
        return name
    }
}
