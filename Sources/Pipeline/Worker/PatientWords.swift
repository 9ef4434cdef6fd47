import Foundation
import Postgres

/// Whether an app's word may be kept: not where it names a patient whom the notice concerns, nor where it cannot be told who
/// that is.
struct PatientWords: Sendable {
    /// Parts of names in ASCII letters, lower case; nil where the persons cannot be told.
    private let parts: Set<String>?

    init(names: [String]?) {
        parts = names.map { Set($0.flatMap(Self.parts)) }
    }

    func mayKeep(_ said: String) -> Bool {
        guard let parts else { return false }
        let said = Self.folded(said)
        return !parts.contains { said.contains($0) }
    }

    /// A single letter is in every word and names nobody.
    private static func parts(of name: String) -> [String] {
        folded(name).split { !$0.isLetter }.map(String.init).filter { $0.count > 1 }
    }

    private static func folded(_ text: String) -> String {
        text.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil).lowercased()
    }

    /// Of the persons whom a notice concerns: an appointment's, or those of all appointments of a day's event, each with
    /// whom they were merged into. An alarm concerns nobody. A slot's occupant may have left it, so nobody can be told.
    static func of(kind: String, record: UUID, members: [UUID], practice: String, from pool: Pool) async throws -> Self
    {
        let appointments: [UUID]
        switch kind {
        case "alarm": return PatientWords(names: [])
        case "appointment": appointments = [record]
        case "day": appointments = members
        default: return PatientWords(names: nil)
        }
        let rows = try await pool.query(names(of: appointments, practice: practice))
        var names: [String] = []
        for row in rows {
            let (family, given) = try row.decode((String?, String?).self)
            guard let family, let given, !(family + given).isEmpty else { return PatientWords(names: nil) }
            names += [family, given]
        }
        return PatientWords(names: names.isEmpty ? nil : names)
    }

    /// Primary keys. A row a person, and one without a name where an appointment or its person is not there.
    private static func names(of appointments: [UUID], practice: String) -> SQL {
        """
        SELECT named.family, named.given
        FROM unnest(\(appointments)) AS m (id)
        LEFT JOIN LATERAL (
            SELECT x.id, x.enterprise_id, x.person_id FROM records.appointment x
            WHERE x.practice_id = \(practice) AND x.id >= m.id ORDER BY x.id LIMIT 1
        ) a ON a.id = m.id
        LEFT JOIN LATERAL (
            SELECT x.family, x.given, x.survivor FROM records.person x
            WHERE x.enterprise_id = a.enterprise_id AND x.id = a.person_id LIMIT 1
        ) p ON true
        LEFT JOIN LATERAL (
            SELECT x.family, x.given FROM records.person x
            WHERE x.enterprise_id = a.enterprise_id AND x.id = p.survivor LIMIT 1
        ) s ON true
        CROSS JOIN LATERAL (
            SELECT p.family, p.given
            UNION ALL
            SELECT s.family, s.given WHERE p.survivor IS NOT NULL
        ) named
        """
    }
}
