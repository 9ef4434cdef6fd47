import ArgumentParser
import Foundation
import Postgres
import Worker
import Workflow

/// `pmsync unmapped`
struct UnmappedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmapped",
        abstract: "Lists the codes that no table knows, each once, with the messages that wait for it.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output
    @Option(help: "Only of this practice.") var practice: String?
    @Option(help: "Only of this table.") var table: TableName?
    @Option(help: "Codes last seen before this are left out, unless messages wait; 30 days ago where not said.")
    var since: Since?

    func run() async throws {
        let pool = try connection.pool()
        defer { pool.close() }
        let definition = try await DefinitionStore(pool: pool).current()
        let (practices, day) = (practice.map { [$0] }, CalendarDay(of: since?.date ?? .now - 30 * 86_400))
        let items = try await pool.transaction { transaction in
            try await UnmappedItem.list(practices: practices, since: day, definition: definition, in: transaction)
        }
        .filter { table == nil || $0.code.table == table }
        try output.write(items.map(Row.init))
        if items.isEmpty {
            output.say("every code that was seen is in its table")
        } else {
            output.say("to mend one: add its row to tables/TABLE.csv, `pmsync apply`, `pmsync replay --item ID`")
        }
    }

    private struct Row: Encodable {
        let practice: String
        let table: String
        let code: String
        let parked: Int64
        /// Later messages of the same people, which wait behind.
        let heldBack: Int64
        let messages: Int64
        let since: Date
        let last: Date
        let example: String
        let state: String
        let item: String

        init(_ item: UnmappedItem) {
            (practice, table, code) = (item.code.practice, item.code.table.rawValue, item.code.code)
            (parked, heldBack, messages) = (item.parked, item.heldBack, item.messages)
            (since, last) = (item.since, item.last)
            example = "\(item.example.day)/\(item.example.number)"
            state =
                switch (item.parked > 0, item.hasRow) {
                case (true, true): "row is there: replay"
                case (true, false): "waits for its row"
                case (false, _): item.policy == .park ? "parks" : "passes as it is"
                }
            self.item = item.id.uuidString.lowercased()
        }
    }
}

extension TableName: ExpressibleByArgument {}

extension CalendarDay {
    /// The day of an instant, UTC: the journal's.
    init(of instant: Date) {
        let text = instant.formatted(.iso8601.year().month().day())
        guard let day = CalendarDay(text) else { preconditionFailure("an instant has a day") }
        self = day
    }
}
