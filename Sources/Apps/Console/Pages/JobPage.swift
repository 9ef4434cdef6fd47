import Foundation
import Hummingbird
import Journal
import Postgres
import Queue

/// One job that does not run: why, of which message, and what may be done with it.
extension Console {
    private struct JobPage {
        let frame: Frame
        let id: Int64
        let what: String
        let state: String
        let isDecidable: Bool
        /// Those that its message may mean, where it asks which.
        let question: Question?
        let facts: [Fact]
        let followers: String?
        let messageLink: String?
        let structure: MessageStructure?
        let seen: String
    }

    struct Fact {
        let name: String
        let value: String
    }

    func job(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        guard let id = Int64(try visit.part("id")) else { throw ConsoleError.notFound }
        let listed = try await ListedJob.list(JobFilter(id: id, limit: 1), from: pool).first
        let page = try await reading(person) { desk in
            guard let listed, desk.visible(listed.practice) else { throw ConsoleError.notFound }
            var structure: MessageStructure?
            var link: String?
            if let day = listed.day, let number = listed.entry {
                link = "/messages/\(day)/\(number)"
                structure = try await Entry.read(EntryID(day: day, number: number), in: desk.transaction)
                    .map { MessageStructure($0.payload, isRevealed: false) }
            }
            let now = try await desk.transaction.query(JobQueries.now()).first?.decode(Int64.self) ?? 0
            return JobPage(
                frame: Frame(title: "Job \(id)", person, at: "/jobs"), id: id,
                what: listed.code.map(Words.job) ?? "Waits its turn", state: Words.state(listed.state),
                isDecidable: ["parked", "uncertain"].contains(listed.state),
                question: try await question(of: id, desk), facts: facts(listed, desk),
                followers: listed.successors > 0
                    ? Words.count(
                        listed.successors, "later job of the same person waits", "later jobs of the same person wait")
                    : nil,
                messageLink: link, structure: structure, seen: "\(now)")
        }
        return pages.page(.job, page)
    }

    private func facts(_ job: ListedJob, _ desk: Desk) -> [Fact] {
        let time = desk.time(job.practice)
        let moment = { (instant: Date) -> String in
            let moment = Moment(instant, time, now: desk.databaseNow)
            return "\(moment.text), \(moment.age) ago"
        }
        let all: [(String, String?)] = [
            ("Code", job.code), ("Detail", job.detail), ("While", job.stage), ("Practice", desk.name(job.practice)),
            ("Queue", job.queueName), ("Kind", job.kind), ("Attempts", "\(job.attempts)"),
            ("Came", moment(job.enqueuedAt)), ("Stopped", job.state == "waiting" ? nil : moment(job.since)),
            ("Next try", job.runAt.map { Moment($0, time, now: desk.databaseNow).text }),
            (
                "Later jobs of its key",
                job.holdsKey && job.state != "waiting" ? "wait for it, so that order is kept" : "pass it by"
            ),
        ]
        return all.compactMap { name, value in
            value.flatMap { $0.isEmpty ? nil : Fact(name: name, value: $0) }
        }
    }
}
