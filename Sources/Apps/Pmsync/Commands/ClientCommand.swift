import ArgumentParser
import Foundation
import Postgres
import Queue
import Worker

/// `pmsync client`: the booking apps that may call, and their webhooks.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "API clients: booking apps and their webhooks.",
        subcommands: [Add.self, List.self, Scopes.self, Revoke.self, Rotate.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a client; prints its key, and its webhook's secret, this once.")

        @OptionGroup var connection: Connection
        @Argument(help: "A name for people.") var name: String
        @Option(help: "The practice whose records it may read.") var practice: String
        @Option(help: "Where it wants to hear of changes (https).") var webhook: String?
        @OptionGroup var grant: Grant
        @Option(help: "Its own appointments, for reconciliation: a FHIR base or a CSV file.") var list: String?
        @Option(help: "A file with the bearer key of that list.") var listKeyFile: String?

        func validate() throws {
            if grant.scopes.contains(.alarms) && webhook == nil {
                throw ValidationError("--scope alarms goes with --webhook")
            }
            for (word, address) in [("--webhook", webhook), ("--list", list?.contains("://") == true ? list : nil)] {
                guard let address else { continue }
                let parts = URLComponents(string: address)
                guard ["http", "https"].contains(parts?.scheme), parts?.host?.isEmpty == false else {
                    throw ValidationError("\(word) takes an address such as https://app.example/hooks")
                }
            }
        }

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let listKey = try listKeyFile.map {
                try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            let secrets = try await Clients.add(
                .init(
                    name: name, practice: practice, webhook: webhook, list: list, listKey: listKey,
                    scopes: grant.scopes.isEmpty ? KeyScope.usual : Set(grant.scopes)),
                to: pool)
            print("key     \(secrets.key)")
            if let secret = secrets.webhookSecret { print("secret  \(secret)") }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists clients, without their keys.")

        @OptionGroup var connection: Connection
        @OptionGroup var output: Output
        @Option(help: "Only this practice's.") var practice: String?

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            try output.write(try await Clients.list(practice, from: pool))
        }
    }

    /// The scopes that a command names.
    struct Grant: ParsableArguments {
        @Option(
            name: .customLong("scope"),
            help: """
                read: FHIR and changes (what a client has where none is named); book: to write to the PM; feed:ID: to send \
                messages of this feed; alarms: its webhook hears of a silent feed. Repeat for more.
                """) var scopes: [KeyScope] = []
    }

    struct Scopes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "scopes", abstract: "What its key may do from now on: these scopes and no others.")

        @OptionGroup var connection: Connection
        @Argument var name: String
        @Option var practice: String
        @OptionGroup var grant: Grant
        @Option(help: "Why; it stands in the audit.") var reason: String

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let scopes = Set(grant.scopes)
            try await Clients.setScopes(
                scopes, of: name, practice: practice, reason: reason, by: NSUserName(), in: pool)
            let words = Clients.words(scopes)
            print(words.isEmpty ? "it may do nothing" : "it may: \(words.joined(separator: ", "))")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Its key stops working at once, and what is pending for it is discarded.")

        @OptionGroup var connection: Connection
        @Argument var name: String
        @Option var practice: String

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let left = try await Clients.revoke(name, practice: practice, by: NSUserName(), in: pool)
            await Doorbell.ringOnce(left.rings, pool.configuration)
            let notices = left.notices == 1 ? "1 notice that was" : "\(left.notices) notices that were"
            print("revoked; \(notices) pending discarded, of them \(left.jobs) parked")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A new key and secret; notices bear the old signature as well until the next rotation.")

        @OptionGroup var connection: Connection
        @Argument var name: String
        @Option var practice: String

        func run() async throws {
            let pool = try connection.pool()
            defer { pool.close() }
            let secrets = try await Clients.rotate(name, practice: practice, in: pool)
            print("key     \(secrets.key)")
            if let secret = secrets.webhookSecret { print("secret  \(secret)") }
        }
    }
}

extension KeyScope: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }

    package var defaultValueDescription: String { description }
}
