import Postgres
import Records
import Scheduling
import Workflow

/// What a load would do, row by row, in a transaction that writes nothing.
struct LoadForecastRun: Sendable {
    let file: LoadFile
    let practice: String
    let definition: Definition

    func counts(in pool: Pool, note: @Sendable @escaping (String) -> Void) async throws -> [LoadCount] {
        let forecast = LoadForecast(definition: definition)
        let found = try await pool.transaction { transaction in
            _ = try await transaction.query("SELECT set_config('transaction_read_only', 'on', true)")
            var found: [String: Int] = [:]
            for row in file.good {
                let fate = try await forecast.fate(of: row.row, practice: practice, in: transaction)
                found[Self.word(fate), default: 0] += 1
                if let sentence = Self.sentence(fate) { note("\(file.name):\(row.line): \(sentence)") }
            }
            return found
        }
        var counts = [LoadCount(what: "bad", rows: file.bad.count)]
        if file.repeated > 0 { counts.append(LoadCount(what: "on an earlier line too", rows: file.repeated)) }
        return counts + found.sorted { $0.key < $1.key }.map { LoadCount(what: $0.key, rows: $0.value) }
    }

    private static func word(_ fate: LoadForecast.Fate) -> String {
        switch fate {
        case .record(.new): "new"
        case .record(.same): "known and the same"
        case .record(.changes): "would change"
        case .record(.differs): "differs, and the record stands"
        case .ignored: "nothing to record"
        case .ambiguous: "ambiguous"
        }
    }

    private static func sentence(_ fate: LoadForecast.Fate) -> String? {
        switch fate {
        case .record(.changes(let fields)): "would change \(fields.joined(separator: ", "))"
        case .record(.differs(let fields)): "\(fields.joined(separator: ", ")) differ from the record, which stands"
        case .ambiguous: "which of several appointments is meant cannot be told"
        case .record(.new), .record(.same), .ignored: nil
        }
    }
}
