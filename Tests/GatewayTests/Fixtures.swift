import Foundation
import Postgres
import Workflow

/// Two practices of two enterprises, one feed each, told by MSH-4.
enum Fixtures {
    static func definition(extraFeeds: String = "") throws -> Definition {
        try Definition(files: [
            "scheduling/workflow.yaml": """
            workflow: scheduling
            accepts:
              SIU^S12: booked
              SIU^S15: cancelled
            fields:
              start: [SCH-11.4]
            """,
            "profiles/standard.yaml": """
            profile: standard
            person-key: [PID-3.1]
            identifiers:
              - {path: SCH-2, kind: filler, authority: pm, trust: 90}
            """,
            "practices/north.yaml": """
            practice: north
            zone: America/Chicago
            feeds:
              - {feed: north-pm, sender: PM, facility: NORTH}
            \(extraFeeds)
            """,
            "practices/south.yaml": """
            practice: south
            zone: America/New_York
            feeds:
              - {feed: south-pm, sender: PM, facility: SOUTH}
            """,
        ])
    }

    static func practices(_ pool: Pool) async throws {
        try await pool.execute(
            """
            INSERT INTO records.practice (practice_id, enterprise_id, name, zone) VALUES
                ('north', 'north', 'North Clinic', 'America/Chicago'),
                ('south', 'south', 'South Clinic', 'America/New_York')
            """)
    }

    static func siu(
        _ id: String, type: String = "SIU^S12", facility: String = "NORTH", person: String = "P1",
        filler: String = "A1", mode: String = ""
    ) -> String {
        [
            "MSH|^~\\&|PM|\(facility)|PMSYNC|PMSYNC|20260302080000||\(type)|\(id)|P|2.5\(mode)",
            "SCH||\(filler)|||||||||^^^20260303090000^20260303093000",
            "PID|1||\(person)^^^PM^MR||Doe^Jane",
        ].joined(separator: "\r") + "\r"
    }
}
