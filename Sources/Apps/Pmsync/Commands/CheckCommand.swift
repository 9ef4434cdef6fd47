import ArgumentParser
import Foundation
import Hosting
import Postgres

/// `pmsync check`
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries every setting, definition and connection, each with a verdict.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "The folder of definitions to check besides those in force.") var workflows: String?

    func run() async throws {
        var inspection = Inspection()
        let settings = inspection.settings()
        inspection.folder(workflows ?? settings?.text(.workflows))
        do {
            let url = try connection.url()
            if try await inspection.database(url) {
                let pool = try connection.pool()
                defer { pool.close() }
                await inspection.schema(pool.configuration)
                await inspection.roles(url)
                await inspection.definitions(pool)
                await inspection.codes(pool)
                await inspection.work(pool)
                await inspection.webhooks(pool)
            }
        } catch let error as ValidationError {
            inspection.note(.failed, "database", error.message)
        } catch {
            inspection.note(.failed, "database", Sentence.of(error))
        }
        if let settings { await inspection.ports(settings) }
        try output.write(inspection.verdicts)
        let failed = inspection.verdicts.count { $0.verdict == .failed }
        output.say(failed == 0 ? "all is well" : "\(failed) of \(inspection.verdicts.count) failed")
        if failed > 0 { throw ExitCode(1) }
    }
}

/// What one thing that was tried came to.
struct Verdict: Encodable {
    enum Word: String, Encodable, CustomStringConvertible {
        case ok
        /// Nothing is broken, but a person should know.
        case note
        case failed = "FAILED"

        var description: String { rawValue }
    }

    let verdict: Word
    let what: String
    let detail: String
}
