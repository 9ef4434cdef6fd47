import Synchronization

/// What must be so before a program is ready, and the facts it announces when it is.
///
/// A gate is opened by the service that owns it, once it does its work (a port is bound), and may be shut again. A check
/// is asked anew at each `/readyz`.
package final class Readiness: Sendable {
    package typealias Check = @Sendable () async -> Bool

    private struct State {
        var gates: [String: Bool] = [:]
        var checks: [(name: String, check: Check)] = []
        var facts: [(key: String, value: String)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// A gate that is shut until its owner opens it. To be made while the list of services is made, so that the program
    /// is not called ready before its owner has run.
    package func gate(_ name: String) -> Gate {
        state.withLock { $0.gates[name] = false }
        return Gate(name: name, readiness: self)
    }

    /// A condition that is asked at each `/readyz`; one that does not answer within two seconds does not pass.
    package func check(_ name: String, _ check: @escaping Check) {
        state.withLock { $0.checks.append((name, check)) }
    }

    /// A fact for the line that says the program is ready: `key=value`, neither with blanks.
    package func announce(_ key: String, _ value: some CustomStringConvertible & Sendable) {
        let value = value.description
        precondition(!(key + value).contains(where: \.isWhitespace), "a fact has no blanks")
        state.withLock { state in
            state.facts.removeAll { $0.key == key }
            state.facts.append((key, value))
        }
    }

    package struct Gate: Sendable {
        let name: String
        let readiness: Readiness

        package func open() { readiness.state.withLock { $0.gates[name] = true } }
        package func shut() { readiness.state.withLock { $0.gates[name] = false } }
    }

    /// The names of what is not so yet, sorted; empty means ready.
    package func missing() async -> [String] {
        let (gates, checks) = state.withLock { ($0.gates.filter { !$0.value }.map(\.key), $0.checks) }
        let failing = await withTaskGroup(of: String?.self) { group in
            for (name, check) in checks {
                group.addTask { await Self.passes(check) ? nil : name }
            }
            return await group.reduce(into: [String]()) { names, name in
                if let name { names.append(name) }
            }
        }
        return (gates + failing).sorted()
    }

    /// `key=value` of each fact, in the order they were announced in, the admin port first.
    var facts: [String] {
        state.withLock { state in
            let admin = state.facts.filter { $0.key == "admin" }
            return (admin + state.facts.filter { $0.key != "admin" }).map { "\($0.key)=\($0.value)" }
        }
    }

    private static func passes(_ check: @escaping Check) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await check() }
            group.addTask {
                try? await Task.sleep(for: .seconds(2))
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
