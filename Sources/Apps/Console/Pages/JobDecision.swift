import Foundation
import Hummingbird
import Practice
import Queue
import Records
import Worker

/// A parked message that may mean several appointments: which they are, and what a person says.
extension Console {
    struct Question {
        let job: Int64
        let candidates: [Candidate]
    }

    struct Candidate {
        let id: String
        let words: String
    }

    /// Nil for a job that asks no such thing.
    func question(of job: Int64, _ desk: Desk) async throws -> Question? {
        guard let question = try await Deciding.question(of: job, in: desk.transaction) else { return nil }
        let time = desk.time(question.practice)
        let found = try await Deciding.candidates(of: question, in: desk.transaction)
        return Question(
            job: job,
            candidates: found.map { found in
                let start = found.start.map { Moment($0, time, now: desk.now, isDated: true).text } ?? "no time yet"
                let with = found.resources.map { $0.name.isEmpty ? $0.code : $0.name }.joined(separator: ", ")
                let what = found.type.text.isEmpty ? found.type.code : found.type.text
                let words = [start, what, with, Words.plain(found.status.rawValue)].filter { !$0.isEmpty }
                return Candidate(id: found.id.uuidString.lowercased(), words: words.joined(separator: " · "))
            })
    }

    func decide(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        guard let job = Int64(try visit.part("id")) else { throw ConsoleError.notFound }
        let reason = try visit.form.reason()
        guard let chosen = visit.form["appointment"] else { throw ConsoleError.unreadableForm }
        let choice: Deciding.Choice
        if chosen == "new" {
            choice = .new
        } else {
            guard let id = UUID(uuidString: chosen) else { throw ConsoleError.unreadableForm }
            choice = .appointment(id)
        }
        let rings = try await reading(person) { desk in
            let question = try await Deciding.question(of: job, in: desk.transaction)
            if let question, !desk.visible(question.practice) { throw ConsoleError.notFound }
            switch try await Deciding.decide(
                job: job, choice, by: person.name, reason: reason, in: desk.transaction)
            {
            case .decided(let rings): return rings
            case .notAsked, .notACandidate: throw ConsoleError.changedMeanwhile
            }
        }
        await doorbell.ring(rings)
        return .seeOther(Form.link("/jobs", ["done": "decided"]))
    }
}
