package import ArgumentParser

/// The operator's command. Each word is a file in Commands; `up` has a folder of its own.
package struct PmsyncCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "pmsync",
        abstract: "Keeps a practice's schedule in agreement with its booking apps, and proves it.",
        version: Up.version,
        subcommands: [
            Up.self, Migrate.self, Apply.self, ClientCommand.self, UserCommand.self,
            ReconcileCommand.self, ReportCommand.self, MendCommand.self,
        ])

    package init() {}

    /// The whole of the program's main: exits 0 when done, 1 when it says what is wrong, 2 when the words are wrong.
    package static func start() async {
        await main()
    }
}
