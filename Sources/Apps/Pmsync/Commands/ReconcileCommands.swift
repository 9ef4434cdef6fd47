import ArgumentParser
import Console
import Foundation
import Hosting
import Postgres
import Practice
import Queue
import Reconciliation
import Scheduling
import Worker

/// `pmsync reconcile WORKFLOW`
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile", abstract: "Compares the PM's list, our record and the booking apps' lists, now.",
        subcommands: [Scheduling.self])

    struct Scheduling: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the findings' counts by code; exits 1 when a list, or a row of one, could not be read.",
            discussion: """
                With other days than the usual ones the findings of these are brought up to date; the report, its members
                and the console's first page stay those of the last comparison of the usual days.
                """)

        @OptionGroup var connection: Connection
        @OptionGroup var output: Output
        @Option(help: "Only this practice; else every one with a list.") var practice: String?
        @Option(help: "The first day (yesterday).") var from: DayArgument?
        @Option(help: "The last day (as the practice's file says, or sixty days ahead).") var to: DayArgument?

        private struct Line: Encodable {
            let practice: String
            let app: String
            let code: String
            let count: Int
        }

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let settings = try connection.settings()
            let reconciliation = SchedulingReconciliation(
                pool: pool, definitions: DefinitionStore(pool: pool),
                folder: connection.data ?? settings.text(.data) ?? DataFolder.usual)
            let now = settings.wall.now()
            var runs: [SchedulingRun] = []
            do {
                for id in try await practices(reconciliation) {
                    let usual = try await reconciliation.usualDays(of: id, now: now)
                    let (first, last) = (from?.day ?? usual.from, to?.day ?? max(usual.to, from?.day ?? usual.to))
                    if first > last { throw ValidationError("--from \(first) is after --to \(last)") }
                    runs += try await reconciliation.run(
                        practice: id, from: first, to: last, now: now, isAdHoc: (first, last) != usual)
                }
            } catch ReconcileError.unknownPractice {
                await reconciliation.close()
                throw ValidationError("no practice \(practice ?? "") is in the definitions in force")
            } catch {
                await reconciliation.close()
                throw error
            }
            await reconciliation.close()
            try output.write(runs.flatMap(Self.lines))
            if !Self.sayProblems(of: runs) { throw ExitCode(1) }
        }

        private func practices(_ reconciliation: SchedulingReconciliation) async throws -> [String] {
            if let practice { return [practice] }
            return try await reconciliation.practices()
        }

        /// One line a code that was found, and one a reason for which nobody is accused yet; one line in all where there is
        /// neither.
        private static func lines(_ run: SchedulingRun) -> [Line] {
            let counts = run.run.counts
            let withheld = counts.withheldBecause.map { (key: "withheld: \($0.key)", value: $0.value) }
            let found =
                counts.codes.filter { $0.value > 0 }.sorted { $0.key < $1.key } + withheld.sorted { $0.key < $1.key }
            let named = found.isEmpty ? [("none", 0)] : found.map { ($0.key, $0.value) }
            return named.map {
                Line(practice: run.run.practice, app: run.app?.name ?? "", code: $0.0, count: $0.1)
            }
        }

        /// False when a list, or a row of one, could not be read.
        private static func sayProblems(of runs: [SchedulingRun]) -> Bool {
            var sentences: Set<String> = []
            for run in runs {
                if let problem = run.pmProblem {
                    sentences.insert("the PM's list of \(run.run.practice) was not compared: \(problem.description)")
                }
                if let problem = run.appProblem {
                    sentences.insert(
                        "the list of \(run.app?.name ?? "") in \(run.run.practice) was not compared: \(problem.description)"
                    )
                }
            }
            for run in runs {
                let lists = [("the PM's list", run.pmUnread), ("the list of \(run.app?.name ?? "")", run.appUnread)]
                for case (let list, let unread?) in lists {
                    sentences.insert(
                        "\(unread.count) rows of \(list) of \(run.run.practice) could not be read and were not compared; "
                            + "the first: \(unread.first.description)")
                }
            }
            for sentence in sentences.sorted() { FileHandle.standardError.write(Data((sentence + "\n").utf8)) }
            return sentences.isEmpty
        }
    }
}

/// `pmsync report WORKFLOW`
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "The report of the last comparison.", subcommands: [Scheduling.self])

    struct Scheduling: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the report of the last comparison; or of a day, as its last comparison left it.")

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case html, csv, json
        }

        @OptionGroup var connection: Connection
        @Option(help: "The practice; may be left out where there is only one.") var practice: String?
        @Option(help: "The day on which it was to be read.") var date: DayArgument?
        @Option(help: "html, csv or json.") var format: Format = .html

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let id = try await chosen(pool)
            let (date, now) = (date, try connection.settings().wall.now())
            let report = try await pool.transaction { transaction in
                try await SchedulingReport.read(
                    practice: id, day: date?.calendarDay, now: now, in: transaction)
            }
            guard let report else { throw ValidationError("no practice \(id) is known") }
            let text =
                switch format {
                case .html: try report.html()
                case .csv: report.csv()
                case .json: try report.json()
                }
            print(text, terminator: "")
            if report.round == nil { throw ExitCode(1) }
        }

        private func chosen(_ pool: Pool) async throws -> String {
            if let practice { return practice }
            let compared = try await pool.query(
                "SELECT DISTINCT practice_id FROM reconciliation.run WHERE workflow = 'scheduling' ORDER BY 1"
            ).map { try $0.decode(String.self) }
            guard compared.count == 1 else {
                throw ValidationError(
                    compared.isEmpty
                        ? "nothing was compared yet: pmsync reconcile scheduling"
                        : "say --practice: one of \(compared.joined(separator: ", "))")
            }
            return compared[0]
        }
    }
}

/// A calendar day as `YYYY-MM-DD`.
struct DayArgument: ExpressibleByArgument {
    let day: Day

    init?(argument: String) {
        guard let day = Day(argument) else { return nil }
        self.day = day
    }

    var calendarDay: CalendarDay? { CalendarDay(year: day.year, month: day.month, day: day.day) }
}
