import ArgumentParser
import Foundation
import Hosting
import Logging
import Postgres
import PracticeSimulator
import Worker

/// `pmsync bench agreement`
struct BenchAgreement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract:
            "Days of several practices with known faults and many innocent oddities: recall and precision by code.",
        discussion: """
            The truth is the ledger of whoever planted the faults. A fault counts as found where every report showed it, under \
            its code and cause, that was made while it was there to be seen. Everything else that a report accuses is false.
            """)

    @Option(help: "Days that are played.") var days = 30
    @Option(help: "The number that everything follows from.") var seed: UInt64 = 1
    @Option(help: "Practices, in zones of their own, on one port.") var practices = 3
    @Option(help: "Providers of each.") var providers = 20
    @Option(help: "Appointments of each on a full day.") var appointments = 380
    @Option(help: "Of the changes that could carry a fault, how many do.") var share = 0.02
    @Option(help: "The folder of definitions.") var workflows: String?
    @Option(help: "Where the folder for the database is made.") var temporary: String?
    @Flag(help: "Also tell, message by message, what was got wrong.") var wrongs = false

    func validate() throws {
        guard (1...120).contains(days), (1...9).contains(practices), (1...60).contains(providers),
            (1...2000).contains(appointments), share > 0, share <= 0.5
        else { throw ValidationError("--days, --practices, --providers, --appointments or --share is beyond reason") }
    }

    func run() async throws {
        Logs.bootstrap(program: "bench", level: .critical)
        let plan = AgreementPlan(
            seed: seed, days: days, practices: practices, providers: providers, appointments: appointments, share: share
        )
        var run = AgreementRun(plan) { Program.print($0) }
        let began = ContinuousClock.now
        try await run.play(workflows: workflows, temporary: temporary)
        print(run.text)
        if wrongs { print(run.stories.joined(separator: "\n")) }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        BenchReport(bench: "agreement", machine: .read(postgres: ""), results: run.results(seconds: seconds)).print()
    }
}

extension AgreementRun {
    func results(seconds: Double) -> [BenchReport.Result] {
        [
            .init("recall", judge.recall, ""), .init("precision", judge.precision, ""),
            .init("false-per-1000", 1000 * Double(judge.falseAccusations) / Double(max(1, season.appointments)), ""),
            .init("appointments", Double(season.appointments), ""), .init("messages", Double(messages), ""),
            .init("faults", Double(judge.plants.count), ""), .init("oddities", Double(innocents), ""),
            .init("run", seconds, "s"),
        ]
    }

    /// How many appointments something odd and innocent happened to, and messages that came twice or late.
    var innocents: Int { season.oddities.values.reduce(0, +) + season.doubled + season.reordered }

    /// For people.
    var text: String {
        var lines = [
            "",
            "seed \(plan.seed): \(plan.days) days, \(plan.practices) practices, "
                + "\(plan.practices * plan.providers) providers, \(season.appointments) appointments, "
                + "\(messages) messages, \(comparisons) comparisons", "",
            Self.row(["finding", "cause", "planted", "found", "recall", "said", "right", "precision"]),
        ]
        for line in judge.lines {
            lines.append(
                Self.row([
                    line.code, line.cause.isEmpty ? "(any)" : line.cause, "\(line.planted)", "\(line.found)",
                    Self.share(line.recall), "\(line.said)", "\(line.right)", Self.share(line.precision),
                ]))
        }
        lines += ["", Self.row(["fault", "", "planted", "seen", "found"])]
        for (kind, planted, due, found) in judge.kinds {
            lines.append(Self.row([kind.rawValue, "", "\(planted)", "\(due)", "\(found)"]))
        }
        lines += [
            "",
            "innocent oddities: \(innocents), \(String(format: "%.1f", Double(innocents) / Double(max(1, judge.plants.count)))) a fault",
        ]
        for (oddity, count) in season.oddities.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append(Self.row(["  " + oddity.rawValue, "", "\(count)"]))
        }
        lines.append(Self.row(["  sent-twice", "", "\(season.doubled)"]))
        lines.append(Self.row(["  out-of-order", "", "\(season.reordered)"]))
        if let parity, let oldFeed {
            lines += [
                "",
                "beside the old feed, first day of \(plan.names[0].name): parity \(Self.percent(parity.parity)); "
                    + "\(parity.same) same, \(parity.differs) differ (\(parity.fields.keys.sorted().joined(separator: ", "))), "
                    + "\(parity.onlyOurs) ours alone, \(parity.onlyTheirs) theirs alone, "
                    + "\(parity.nothingNew) nothing new, \(parity.waiting) waiting",
                "the old feed told \(oldFeed.told), lost \(oldFeed.lost), and was an hour out in \(oldFeed.hourOff)",
            ]
        }
        let falseShare = 1000 * Double(judge.falseAccusations) / Double(max(1, season.appointments))
        lines += [
            "",
            "recall \(Self.share(judge.recall)), precision \(Self.share(judge.precision)), "
                + "\(judge.falseAccusations) false accusations: \(String(format: "%.3f", falseShare)) per 1,000 appointments",
            "",
        ]
        return lines.joined(separator: "\n")
    }

    private static func row(_ cells: [String]) -> String {
        let widths = [26, 24, 9, 7, 8, 7, 7, 9]
        return zip(cells, widths).map { cell, width in
            cell.count >= width ? cell + " " : cell.padding(toLength: width, withPad: " ", startingAt: 0)
        }.joined()
    }

    private static func percent(_ value: Double?) -> String { value.map { String(format: "%.1f %%", $0) } ?? "-" }

    private static func share(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "-" }
}
