import Foundation
import HL7
import Practice
import Records
package import Workflow

/// How one case under `workflows/scheduling/cases` came out.
package struct CaseResult: Sendable, CustomStringConvertible {
    package let name: String
    /// Each with file, line, what was expected and what was found; empty when the case holds.
    package let failures: [Problem]

    package var description: String {
        failures.isEmpty ? "ok \(name)" : "FAILED \(name)\n" + failures.map { "  \($0)" }.joined(separator: "\n")
    }
}

/// Runs the cases beside a workflow: `NAME.hl7` with its messages in order, `NAME.expect.yaml` with what comes of them.
/// Practices that only cases have are in `cases/practices/`.
package enum Cases {
    static let folder = "scheduling/cases"

    /// The names of a workflows folder's cases.
    package static func names(inFolder folder: String) throws -> [String] {
        let cases = "\(folder)/\(Self.folder)"
        guard FileManager.default.fileExists(atPath: cases) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: cases)
            .filter { $0.hasSuffix(".expect.yaml") }.map { String($0.dropLast(".expect.yaml".count)) }.sorted()
    }

    /// The folder's definitions with the practices that only cases have.
    package static func definition(inFolder folder: String) throws -> Definition {
        var files = try Definition.files(inFolder: folder)
        let practices = "\(folder)/\(Self.folder)/practices"
        if FileManager.default.fileExists(atPath: practices) {
            for name in try FileManager.default.contentsOfDirectory(atPath: practices) where name.hasSuffix(".yaml") {
                files["practices/\(name)"] = try String(contentsOfFile: "\(practices)/\(name)", encoding: .utf8)
            }
        }
        return try Definition(files: files)
    }

    /// Runs every case of a workflows folder.
    package static func run(folder: String) throws -> [CaseResult] {
        let definition = try definition(inFolder: folder)
        return try names(inFolder: folder).map { try run($0, folder: folder, definition: definition) }
    }

    /// Runs one.
    package static func run(_ name: String, folder: String, definition: Definition) throws -> CaseResult {
        let file = "\(Self.folder)/\(name).expect.yaml"
        let expectation: Expectation
        do {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            expectation = try Expectation(file: file, text: text)
        } catch let error as DefinitionError {
            return CaseResult(name: name, failures: error.problems)
        }
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(Self.folder)/\(name).hl7"),
            let messages = try? Files.messages(in: Array(data))
        else {
            let problem = Problem(file: "\(Self.folder)/\(name).hl7", line: 1, text: "no messages can be read from it")
            return CaseResult(name: name, failures: [problem])
        }
        var comparison = Comparison(file: file)
        var trial = SchedulingTrial(definition: definition)
        var outcomes: [String] = []
        var decisions = expectation.decisions[...]
        for (index, message) in messages.enumerated() {
            let stated = index < expectation.received.count ? instant(expectation.received[index]) : nil
            let received = stated ?? arrival(of: message)
            if expectation.asOf != nil { _ = trial.passMidnight(now: received) }
            let receive = { trial.receive(message, receivedAt: received, entry: Int64(index + 1)) }
            var outcome = receive()
            var text = Described.outcome(outcome)
            while case .parked(let park) = outcome, park.code == .ambiguousAppointment,
                let decision = decisions.popFirst()
            {
                let meant = park.candidates.first { trial.appointments[$0]?.state.start == instant(decision) }
                trial.decide(Int64(index + 1), is: meant, of: park.candidates)
                outcome = receive()
                text += "; " + Described.outcome(outcome)
            }
            outcomes.append(text)
        }
        if let asOf = expectation.asOf.flatMap(instant) { _ = trial.passMidnight(now: asOf) }
        comparison.compare("messages", expectation.messages, outcomes, line: expectation.messagesLine)
        if let expected = expectation.appointments {
            comparison.compare("appointments", expected, Described.appointments(trial))
        }
        if let expected = expectation.slots { comparison.compare("slots", expected, Described.slots(trial)) }
        return CaseResult(name: name, failures: comparison.failures)
    }

    private static func instant(_ value: Expectation.Value) -> Date? { try? Date(value.text, strategy: .iso8601) }
    /// What these messages come to under a definition, as the file that a case expects it in.
    static func expectation(of messages: [[UInt8]], about: String, definition: Definition) -> String {
        var trial = SchedulingTrial(definition: definition)
        let outcomes = messages.enumerated().map { index, message in
            trial.receive(message, receivedAt: arrival(of: message), entry: Int64(index + 1))
        }
        func list(_ values: [String]) -> String {
            "[" + values.map { LearntProfile.quoted($0) }.joined(separator: ", ") + "]"
        }
        var lines = ["about: \(LearntProfile.quoted(about))", "messages: \(list(outcomes.map(Described.outcome)))"]
        for (key, records) in [("appointments", Described.appointments(trial)), ("slots", Described.slots(trial))] {
            lines.append(records.isEmpty ? "\(key): []" : "\(key):")
            for record in records {
                let stated = record.filter { !$0.value.isEmpty && $0.value != [""] }.sorted { $0.key < $1.key }
                for (index, value) in stated.enumerated() {
                    lines.append((index == 0 ? "  - " : "    ") + "\(value.key): \(list(value.value))")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Half a day after MSH-7: whatever its zone, it has been sent.
    private static func arrival(of message: [UInt8]) -> Date {
        let sent = Header(head: message)?.sentAt?.epochSeconds(defaultOffset: 0) ?? 1_795_000_000
        return Date(timeIntervalSince1970: TimeInterval(sent) + 43_200)
    }
}

/// What a trial holds, in the words of a case.
private enum Described {
    static func outcome(_ outcome: SchedulingTrial.Outcome) -> String {
        switch outcome {
        case .recorded(let all):
            all.map { $0.change.map { String($0.rawValue.dropFirst("appointment.".count)) } ?? "unchanged" }
                .joined(separator: ", ")
        case .slots(let changes):
            changes.isEmpty ? "unchanged" : changes.map(\.status.rawValue).joined(separator: ", ")
        case .ignored: "ignored"
        case .parked(let park): "parked \(park.code.rawValue)"
        }
    }

    static func appointments(_ trial: SchedulingTrial) -> [[String: [String]]] {
        let ordered = trial.appointments.sorted { one, other in
            let a = one.value.state.start ?? .distantPast
            let b = other.value.state.start ?? .distantPast
            return (a, one.key.uuidString) < (b, other.key.uuidString)
        }
        return ordered.map { _, entry in
            let state = entry.state
            let zone = trial.definition.practices[entry.practice]?.zone ?? .gmt
            let clock = PracticeTime(zone: zone)
            let names = entry.identifiers.keys.map { "\($0.kind.rawValue) \($0.value)" }.sorted()
            let uses = state.resources.map { use in
                let own = use.start.map { " at \(clock.text($0))" } ?? ""
                return "\(use.kind.rawValue) \(use.code)\(own)"
            }
            var values = [
                "status": [state.status.rawValue], "word": [state.sourceStatus], "names": names, "resources": uses,
                "flags": state.flags.map(\.rawValue).sorted(), "type": state.type.map { [$0.code, $0.text] } ?? [],
                "category": state.category.map { [$0.code, $0.text] } ?? [],
                "reason": [state.reason], "cancel-reason": [state.cancelReason],
                "series": [state.series].compactMap(\.self),
            ]
            for (key, list) in values where list == [""] { values[key] = [] }
            values["start"] = state.start.map { [clock.text($0)] } ?? []
            values["end"] = state.end.map { [clock.text($0)] } ?? []
            let replaced = state.replaces.flatMap { trial.appointments[$0] }
            values["replaces"] = replaced.map { entry in entry.identifiers.keys.map(\.value).sorted() } ?? []
            return values
        }
    }

    static func slots(_ trial: SchedulingTrial) -> [[String: [String]]] {
        let ordered = trial.slice.blocks.slots.sorted { one, other in
            let (a, b) = (one.key.stretch, other.key.stretch)
            return (a.start, a.code, a.end) < (b.start, b.code, b.end)
        }
        return ordered.map { key, slot in
            let clock = PracticeTime(zone: trial.definition.practices[key.practice]?.zone ?? .gmt)
            return [
                "resource": ["\(key.stretch.kind.rawValue) \(key.stretch.code)"],
                "start": [clock.text(key.stretch.start)], "end": [clock.text(key.stretch.end)],
                "status": [slot.status.rawValue],
            ]
        }
    }
}

/// Collects where found differs from expected.
private struct Comparison {
    let file: String
    private(set) var failures: [Problem] = []

    init(file: String) { self.file = file }

    mutating func compare(_ what: String, _ expected: [Expectation.Value], _ found: [String], line: Int) {
        for index in 0..<max(expected.count, found.count) {
            let wanted = index < expected.count ? expected[index] : nil
            let got = index < found.count ? found[index] : nil
            if wanted?.text == got { continue }
            let text = "\(what)[\(index + 1)]: expected \(wanted?.text ?? "nothing"), found \(got ?? "nothing")"
            failures.append(Problem(file: file, line: wanted?.line ?? line, text: text))
        }
    }

    mutating func compare(
        _ what: String, _ expected: [Expectation.Record], _ found: [[String: [String]]]
    ) {
        if expected.count != found.count {
            let text = "expected \(expected.count) \(what), found \(found.count): \(found.map(summary))"
            failures.append(Problem(file: file, line: expected.first?.line ?? 1, text: text))
        }
        for (record, values) in zip(expected, found) {
            for (key, wanted) in record.values.sorted(by: { $0.key < $1.key }) {
                let got = values[key] ?? []
                if wanted.map(\.text) == got { continue }
                let text = "\(key): expected \(wanted.map(\.text)), found \(got)"
                failures.append(Problem(file: file, line: record.lines[key] ?? record.line, text: text))
            }
        }
    }

    private func summary(_ values: [String: [String]]) -> String {
        values.filter { !$0.value.isEmpty && $0.value != [""] }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value.joined(separator: "|"))" }.joined(separator: "; ")
    }
}
