import Foundation
import PracticeSimulator

/// A finding that is open, as a report says it, with every number that the PM, or id that the app, knows it by.
struct Sighting: Sendable, Hashable {
    let practice: String
    let key: String
    let code: String
    let cause: String
    let appointments: Set<String>
}

/// Holds what reports said against what was planted. Pure. A sign is found where every report showed it that was made while
/// it was there to be seen; a finding without a plant is a false accusation, and so is one that outlives its plant.
struct AgreementJudge: Sendable {
    /// Of one code and cause.
    struct Line: Sendable, Hashable {
        var code: String
        var cause: String
        var planted = 0
        var found = 0
        var said = 0
        var right = 0

        var recall: Double? { planted == 0 ? nil : Double(found) / Double(planted) }
        var precision: Double? { said == 0 ? nil : Double(right) / Double(said) }
    }

    /// What was got wrong, for a person who wants to mend it.
    enum Wrong: Sendable, Hashable {
        /// Not shown by a report that should have shown it.
        case missed(PlantKind, PlantSign, appointment: String, practice: String, at: Date)
        case otherCause(PlantKind, PlantSign, said: String, appointment: String, practice: String, at: Date)
        case accused(code: String, cause: String, appointments: [String], practice: String, at: Date)
        /// Its plant was mended before the list was made.
        case outlived(PlantKind, code: String, appointment: String, practice: String, at: Date)
    }

    private struct Expected: Hashable {
        let plant: String
        let sign: PlantSign
    }

    private var due: Set<Expected> = []
    private var missed: Set<Expected> = []
    private var said: [String: (code: String, cause: String, isRight: Bool)] = [:]
    private(set) var wrongs: [Wrong] = []
    private(set) var plants: [Plant] = []

    init() {}

    /// - Parameters:
    ///   - asOf: when the PMs' lists were made; `now`: when they were compared.
    ///   - window: the first and the last day that were compared, of each practice.
    mutating func observe(
        _ sightings: [Sighting], plants: [Plant], asOf: Date, now: Date, window: ClosedRange<LocalDay>
    ) {
        self.plants = plants
        var byAppointment: [String: [Int]] = [:]
        for (index, plant) in plants.enumerated() where plant.from <= now {
            byAppointment["\(plant.practice)/\(plant.appointment)", default: []].append(index)
        }
        for sighting in sightings { judge(sighting, byAppointment, asOf, now) }
        let shown = Dictionary(
            grouping: sightings.flatMap { sighting in
                sighting.appointments.map { ("\(sighting.practice)/\($0)", sighting) }
            }
        ) { $0.0 }.mapValues { $0.map(\.1) }
        for plant in plants where plant.from <= asOf && plant.until > now {
            guard window.contains(plant.day), now.timeIntervalSince(plant.from) > 900 else { continue }
            let there = shown["\(plant.practice)/\(plant.appointment)"] ?? []
            for sign in plant.signs { look(for: sign, of: plant, among: there, now) }
        }
    }

    private mutating func judge(_ sighting: Sighting, _ byAppointment: [String: [Int]], _ asOf: Date, _ now: Date) {
        let mine = sighting.appointments.flatMap { byAppointment["\(sighting.practice)/\($0)"] ?? [] }
        let fitting = mine.filter { plants[$0].signs.contains { $0.code == sighting.code } }
        let isRight = fitting.contains { plants[$0].until >= asOf }
        // Said once is said: that a later report no longer says it does not take it back.
        if let before = said[sighting.key], before.isRight == isRight || !before.isRight { return }
        said[sighting.key] = (sighting.code, sighting.cause, isRight)
        if isRight { return }
        let appointments = sighting.appointments.sorted()
        if let over = fitting.first {
            wrongs.append(
                .outlived(
                    plants[over].kind, code: sighting.code, appointment: plants[over].appointment,
                    practice: sighting.practice, at: now))
        } else {
            wrongs.append(
                .accused(
                    code: sighting.code, cause: sighting.cause, appointments: appointments,
                    practice: sighting.practice, at: now))
        }
    }

    private mutating func look(
        for sign: PlantSign, of plant: Plant, among there: [Sighting], _ now: Date
    ) {
        let expected = Expected(plant: plant.id, sign: sign)
        due.insert(expected)
        let same = there.filter { $0.code == sign.code }
        if same.contains(where: { sign.cause.isEmpty || $0.cause == sign.cause }) { return }
        guard missed.insert(expected).inserted else { return }
        if let other = same.first {
            wrongs.append(
                .otherCause(
                    plant.kind, sign, said: other.cause, appointment: plant.appointment, practice: plant.practice,
                    at: now))
        } else {
            wrongs.append(
                .missed(plant.kind, sign, appointment: plant.appointment, practice: plant.practice, at: now))
        }
    }

    // MARK: What came of it

    /// By code and cause. A sign that names no cause counts under the one that was said.
    var lines: [Line] {
        var lines: [PlantSign: Line] = [:]
        func add(_ sign: PlantSign, _ change: (inout Line) -> Void) {
            change(&lines[sign, default: Line(code: sign.code, cause: sign.cause)])
        }
        for expected in due {
            add(expected.sign) { line in
                line.planted += 1
                if !missed.contains(expected) { line.found += 1 }
            }
        }
        let openCauses = Set(due.filter { $0.sign.cause.isEmpty }.map(\.sign.code))
        for (code, cause, isRight) in said.values {
            add(PlantSign(code, openCauses.contains(code) ? "" : cause)) { line in
                line.said += 1
                if isRight { line.right += 1 }
            }
        }
        return lines.values.sorted { ($0.code, $0.cause) < ($1.code, $1.cause) }
    }

    var recall: Double { due.isEmpty ? 1 : 1 - Double(missed.count) / Double(due.count) }
    var precision: Double {
        said.isEmpty ? 1 : Double(said.values.count { $0.isRight }) / Double(said.count)
    }
    var signs: Int { due.count }
    var falseAccusations: Int { said.values.count { !$0.isRight } }

    /// By kind: how many were planted, and of how many every sign was due and shown.
    var kinds: [(kind: PlantKind, planted: Int, due: Int, found: Int)] {
        let dueByPlant = Dictionary(grouping: due, by: \.plant)
        return PlantKind.allCases.map { kind in
            let mine = plants.filter { $0.kind == kind }
            let looked = mine.filter { dueByPlant[$0.id] != nil }
            let found = looked.filter { plant in !(dueByPlant[plant.id] ?? []).contains { missed.contains($0) } }
            return (kind, mine.count, looked.count, found.count)
        }
    }
}

extension AgreementJudge.Wrong: CustomStringConvertible {
    var description: String {
        switch self {
        case .missed(let kind, let sign, let appointment, let practice, let at):
            "MISSED \(kind.rawValue): \(sign.code) \(sign.cause) of \(practice)/\(appointment) at \(at.formatted(.iso8601))"
        case .otherCause(let kind, let sign, let said, let appointment, let practice, let at):
            "CAUSE \(kind.rawValue): \(sign.code) said \(said) for \(sign.cause) of \(practice)/\(appointment) at "
                + at.formatted(.iso8601)
        case .accused(let code, let cause, let appointments, let practice, let at):
            "FALSE \(code) \(cause) of \(practice)/\(appointments.joined(separator: "+")) at \(at.formatted(.iso8601))"
        case .outlived(let kind, let code, let appointment, let practice, let at):
            "STALE \(code) of \(practice)/\(appointment) (\(kind.rawValue)) at \(at.formatted(.iso8601))"
        }
    }
}
