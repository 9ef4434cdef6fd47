package import Postgres

extension Duty {
    /// What a call leaves to be written with its job's end. Those of one name that share a commit are written together.
    package struct Ending: Sendable {
        private let part: Part?

        private struct Part: Sendable {
            let name: String
            let value: any Sendable
            let write: @Sendable ([any Sendable], Transaction) async throws -> Void
        }

        /// Nothing but the job's end.
        package static let nothing = Ending(part: nil)

        private init(part: Part?) {
            self.part = part
        }

        /// - Parameters:
        ///   - value: this job's part.
        ///   - write: is given the parts of all jobs of the commit, in the order of their ends.
        package init<Value: Sendable>(
            _ name: String, _ value: Value, write: @escaping @Sendable ([Value], Transaction) async throws -> Void
        ) {
            part = Part(name: name, value: value) { values, transaction in
                try await write(values.compactMap { $0 as? Value }, transaction)
            }
        }

        /// Writes them all, in the order of their names, so that two commits never wait for each other crosswise.
        static func write(_ endings: [Ending], in transaction: Transaction) async throws {
            let alike = Dictionary(grouping: endings.compactMap(\.part), by: \.name)
            for (_, parts) in alike.sorted(by: { $0.key < $1.key }) {
                try await parts.first?.write(parts.map(\.value), transaction)
            }
        }
    }
}
