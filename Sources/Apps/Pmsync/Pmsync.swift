package import ArgumentParser
import Foundation

/// The operator's command. Each word is a file in Commands; `up` and `bench` have a folder of their own.
package struct PmsyncCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "pmsync",
        abstract: "Keeps a practice's schedule in agreement with its booking apps, and proves it.",
        version: Up.version,
        subcommands: [
            Up.self, Migrate.self, Apply.self, Learn.self, Check.self, TestCommand.self, ClientCommand.self,
            UserCommand.self, FeedCommand.self, Alarms.self, LoadCommand.self, Send.self, Parse.self, Messages.self,
            MessageCommand.self, Jobs.self, JobCommand.self, UnmappedCommand.self, Replay.self, Decide.self,
            DecisionsCommand.self, TakeBackCommand.self, Discard.self, ReconcileCommand.self, ReportCommand.self,
            ParityCommand.self, MendCommand.self, Bench.self,
        ])

    package init() {}

    /// The whole of the program's main: exits 0 when done, 1 when it says what is wrong, 2 when the words are wrong.
    package static func start() async {
        Foundation.exit(await run(words: Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs the words, says what is wrong on stderr, and gives the exit status.
    package static func run(words: [String]) async -> Int32 {
        do {
            var command = try parseAsRoot(words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return tell(error)
        }
    }

    private static func tell(_ error: any Error) -> Int32 {
        switch error {
        case let error as ValidationError:
            Output.complain(error.message)
            return 2
        case let code as ExitCode:
            return code.rawValue
        default: break
        }
        switch exitCode(for: error) {
        case .success:
            print(fullMessage(for: error))
            return 0
        case .validationFailure:
            Output.complain(fullMessage(for: error))
            return 2
        default:
            Output.complain(Sentence.of(error))
            return 1
        }
    }
}
