import ArgumentParser

/// `pmsync-practice`.
package enum Simulator {
    package static func main() async {
        await PracticeCommand.main()
    }
}

struct PracticeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pmsync-practice",
        abstract: "A make-believe practice: a PM that sends HL7, and a booking app; seeded, with faults on request.",
        subcommands: [RunCommand.self, ScriptCommand.self, ListCommand.self])
}
