import ArgumentParser
import Console
import Foundation
import Postgres
import Schema
import Worker
import Workflow

/// `pmsync migrate`
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Brings the database's schema to this version.")

    @OptionGroup var connection: Connection

    func run() async throws {
        let names = try await Schema.migrate(url: try connection.url())
        for name in names { print("migrated \(name)") }
        if names.isEmpty { print("nothing to migrate") }
    }
}

/// `pmsync apply DIR`
struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a folder of definitions and makes it the version in force.")

    @OptionGroup var connection: Connection
    @Argument(help: "The folder.") var folder: String

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        do {
            let isNew = try await DefinitionStore.apply(
                try Definition.files(inFolder: folder), by: NSUserName(), to: pool)
            print(isNew ? "applied" : "in force already")
        } catch let error as DefinitionError {
            print(error.description)
            throw ExitCode(1)
        }
    }
}

/// `pmsync user invite NAME`
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "People who may sign in to the console.", subcommands: [Invite.self])

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link, good once and for a day, where the person chooses a password.")

        @OptionGroup var connection: Connection
        @Argument var name: String
        @Option(name: .customLong("practice"), help: "A practice that the person may see; repeat for more.")
        var practices: [String]
        @Flag(help: "They see messages and jobs of no practice, too, which may be of anybody's patients.")
        var administrator = false
        @Option(help: "The console's address; that of the running `pmsync up` where it is not said.")
        var console: String?

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let (name, practices, isAdministrator) = (name, practices, administrator)
            let invited = try await pool.transaction { transaction in
                for practice in practices {
                    let known = try await transaction.query(
                        "SELECT 1 FROM records.practice WHERE practice_id = \(practice)")
                    if known.isEmpty { throw ClientError.unknownPractice(practice) }
                }
                return try await ConsolePeople.invite(
                    name: name, practices: practices, isAdministrator: isAdministrator, in: transaction)
            }
            let running = DataFolder.console(try connection.folder())
            let address = console ?? running ?? "http://127.0.0.1:8081"
            print("\(address)/invite/\(invited.token)")
            if invited.ended > 0 { Output.complain("the link that \(name) was given before ends with this one") }
        }
    }
}
