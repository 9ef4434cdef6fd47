package import Foundation
package import Postgres
import Practice

/// How appointments come into a slice: a fixed number of statements, however many appointments.
extension AppointmentSlice {
    /// Whose appointments a batch needs, and from when on.
    package struct Needed: Hashable, Sendable {
        package let practice: String
        package let enterprise: String
        package let person: UUID
        package let since: Date

        package init(practice: String, enterprise: String, person: UUID, since: Date) {
            self.practice = practice
            self.enterprise = enterprise
            self.person = person
            self.since = since
        }
    }

    /// Reads the appointments that these identifiers name, those of `ids`, and those of the persons, whoever they were
    /// filed under before a merge. Of their events only when and by which entry. Primary keys; index
    /// appointment_by_person. Every look is LATERAL with a LIMIT or OFFSET, so that it stays a look by key: a join planned
    /// while the tables were young reads them whole.
    package static func loading(
        named: [Key] = [], ids: [(practice: String, id: UUID)] = [], of needed: [Needed] = []
    ) -> SQL {
        """
        SELECT a.practice_id, a.id, coalesce(p.survivor, a.person_id), a.version, a.revision, v.state::text, names.kinds,
            names.authorities, names.identifiers, names.trusts, said.times, said.entries, said.is_special
        FROM (
            SELECT i.practice, l.appointment_id AS id
            FROM unnest(\(named.map(\.practice)), \(named.map(\.identifier.kind.rawValue)),
                \(named.map(\.identifier.authority)), \(named.map(\.identifier.value)))
                AS i (practice, kind, authority, value)
            CROSS JOIN LATERAL (
                SELECT x.appointment_id FROM records.appointment_alias x
                WHERE x.practice_id = i.practice
                    AND x.kind = i.kind AND x.authority = i.authority AND x.value = i.value LIMIT 50
            ) l
            UNION
            SELECT * FROM unnest(\(ids.map(\.practice)), \(ids.map(\.id)))
            UNION
            SELECT n.practice, b.id
            FROM unnest(\(needed.map(\.practice)), \(needed.map(\.enterprise)), \(needed.map(\.person)),
                \(needed.map(\.since))) AS n (practice, enterprise, person, since)
            CROSS JOIN LATERAL (
                SELECT n.person AS id
                UNION ALL
                SELECT m.id FROM records.person m WHERE m.enterprise_id = n.enterprise AND m.survivor = n.person
            ) one
            CROSS JOIN LATERAL (
                SELECT x.id FROM records.appointment x
                WHERE x.practice_id = n.practice AND x.person_id = one.id
                    AND coalesce(x.start_at, 'infinity') >= n.since OFFSET 0
            ) b
        ) wanted
        CROSS JOIN LATERAL (
            SELECT x.* FROM records.appointment x
            WHERE x.practice_id = wanted.practice AND x.id = wanted.id LIMIT 1
        ) a
        CROSS JOIN LATERAL (
            SELECT x.state FROM records.appointment_version x
            WHERE x.practice_id = a.practice_id AND x.appointment_id = a.id AND x.version = a.version LIMIT 1
        ) v
        LEFT JOIN LATERAL (
            SELECT x.survivor FROM records.person x
            WHERE x.enterprise_id = a.enterprise_id AND x.id = a.person_id LIMIT 1
        ) p ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(l.kind), '{}') AS kinds, coalesce(array_agg(l.authority), '{}') AS authorities,
                coalesce(array_agg(l.value), '{}') AS identifiers, coalesce(array_agg(l.trust), '{}') AS trusts
            FROM records.appointment_alias l
            WHERE l.practice_id = a.practice_id AND l.appointment_id = a.id
        ) names
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(e.event_at), '{}') AS times, coalesce(array_agg(e.entry_id), '{}') AS entries,
                coalesce(bool_or(e.facts->>'kind' IN ('midnight', 'superseded', 'retracted')), false) AS is_special
            FROM records.appointment_event e
            WHERE e.practice_id = a.practice_id AND e.appointment_id = a.id
        ) said
        """
    }

    package mutating func put(_ rows: [Row]) throws {
        for row in rows {
            let (
                practice, id, person, version, revision, json, kinds, authorities, values, trusts, times, entries,
                isSpecial
            ) = try row.decode(
                (
                    String, UUID, UUID?, Int32, Int64, String, [String], [String], [String], [Int16], [Date], [Int64],
                    Bool
                ).self)
            var state = try Appointments.state(json: json)
            state.person = person
            var identifiers: [Identifier: Int16] = [:]
            for index in kinds.indices {
                guard let kind = Identifier.Kind(rawValue: kinds[index]) else {
                    throw RecordsError.unreadable("appointment_alias.kind")
                }
                identifiers[Identifier(kind, authority: authorities[index], value: values[index])] = trusts[index]
            }
            var history = History()
            history.isWhole = times.isEmpty
            history.last = zip(times, entries).map { AppointmentEvent.Position(at: $0, entry: $1) }.max()
            history.entries = Set(entries).subtracting([AppointmentEvent.noEntry])
            history.isSpecial = isSpecial
            put(
                id,
                Record(
                    practice: practice, state: state, version: version, identifiers: identifiers, history: history,
                    revision: revision, before: state))
        }
    }

    /// Reads everything that was said of these appointments.
    package static func loadingHistory(of ids: [(practice: String, id: UUID)]) -> SQL {
        """
        SELECT e.appointment_id, e.facts::text
        FROM unnest(\(ids.map(\.practice)), \(ids.map(\.id))) AS i (practice, id)
        CROSS JOIN LATERAL (
            SELECT x.appointment_id, x.facts, x.event_at, x.entry_id FROM records.appointment_event x
            WHERE x.practice_id = i.practice AND x.appointment_id = i.id OFFSET 0
        ) e
        ORDER BY e.event_at, e.entry_id
        """
    }

    package mutating func putHistories(of ids: [UUID], _ rows: [Row]) throws {
        var events: [UUID: [AppointmentEvent]] = [:]
        for row in rows {
            let (id, facts) = try row.decode((UUID, String).self)
            events[id, default: []].append(
                try Coding.value(AppointmentEvent.self, from: facts, column: "appointment_event.facts"))
        }
        for id in ids { putHistory(id, events[id] ?? []) }
    }

    /// Reads the decisions on these entries, and those that were applied to these questions. Indexes decision_by_entry,
    /// decision_by_question.
    ///
    /// - Parameter isHeld: until the commit against being taken back.
    package static func loadingDecisions(
        entries: [(practice: String, entry: Int64)], questions: [(practice: String, digest: [UInt8])], isHeld: Bool
    ) -> SQL {
        """
        SELECT d.practice_id, d.id, d.entry_id, coalesce(p.survivor, d.person_id), d.appointment_id, d.became, d.question
        FROM (
            SELECT i.practice, x.id
            FROM unnest(\(entries.map(\.practice)), \(entries.map(\.entry))) AS i (practice, entry)
            CROSS JOIN LATERAL (
                SELECT y.id FROM records.decision y
                WHERE y.practice_id = i.practice AND y.entry_id = i.entry OFFSET 0
            ) x
            UNION
            SELECT i.practice, x.id
            FROM unnest(\(questions.map(\.practice)), \(questions.map(\.digest))) AS i (practice, question)
            CROSS JOIN LATERAL (
                SELECT y.id FROM records.decision y
                WHERE y.practice_id = i.practice AND y.question = i.question OFFSET 0
            ) x
        ) wanted
        JOIN records.decision d ON d.practice_id = wanted.practice AND d.id = wanted.id
        LEFT JOIN records.practice o ON o.practice_id = d.practice_id
        LEFT JOIN records.person p ON p.enterprise_id = o.enterprise_id AND p.id = d.person_id
        WHERE NOT EXISTS (
            SELECT FROM records.taken_back t WHERE t.practice_id = d.practice_id AND t.decision_id = d.id)
        \(fragment: isHeld ? "FOR SHARE OF d" : "")
        """
    }

    package mutating func putDecisions(_ rows: [Row]) throws {
        for row in rows {
            let (practice, number, entry, person, chosen, became, question) = try row.decode(
                (String, Int64, Int64, UUID?, UUID?, UUID?, [UInt8]?).self)
            decisions.put(
                DecisionSlice.Decision(
                    practice: practice, number: number, entry: entry, person: person, chosen: chosen, became: became,
                    question: question))
        }
    }
}
