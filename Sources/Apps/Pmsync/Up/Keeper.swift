import Foundation

/// Keeps one program running: starts it, and again whenever it dies, at once the first time and then ever slower.
actor Keeper {
    private var plan: ChildPlan
    private let say: @Sendable (String) -> Void
    private var child: Child?
    private var keeping: Task<Void, Never>?
    private var isStopping = false

    init(_ plan: ChildPlan, say: @escaping @Sendable (String) -> Void) {
        self.plan = plan
        self.say = say
    }

    /// Gives what the first run said when it was ready; throws when it ended before.
    func start() async throws -> [String: String] {
        let first = try Child(plan)
        child = first
        for await facts in first.ready {
            plan.keepPorts(facts)
            keeping = Task { await keep(first) }
            return facts
        }
        var status: Int32 = 0
        for await ended in first.ended { status = ended }
        throw UpError.didNotStart(plan.name, status: status, said: LastWords.of(plan.log), log: plan.log)
    }

    func stop() async {
        isStopping = true
        await child?.stop()
        await keeping?.value
    }

    private func keep(_ first: Child) async {
        var current = first
        var quick = 0
        while true {
            let started = ContinuousClock.now
            var status: Int32 = 0
            for await ended in current.ended { status = ended }
            if isStopping { return }
            quick = ContinuousClock.now - started < .seconds(10) ? quick + 1 : 0
            say("\(plan.name) ended (\(Self.words(status))); starting it again")
            // A pause in a child's crash loop, so that it does not take the machine with it.
            try? await Task.sleep(for: .milliseconds(100 << min(quick, 6)))
            if isStopping { return }
            do {
                current = try Child(plan)
                child = current
            } catch {
                say("\(plan.name) could not be started: \(error.localizedDescription)")
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }

    private static func words(_ status: Int32) -> String {
        status >= 128 ? "signal \(status - 128)" : "status \(status)"
    }
}

enum UpError: Error, CustomStringConvertible {
    /// `said`: the program's own last critical words.
    case didNotStart(String, status: Int32, said: String?, log: String)
    case dataFolderInUse(String)
    case folder(String, doing: String)
    case noDefinitions(String)
    case definitions(String)
    case missingProgram(String, folder: String)

    var description: String {
        switch self {
        case .didNotStart(let name, let status, let said, let log):
            "\(name) did not start (\(said ?? "status \(status)")); see \(log)"
        case .dataFolderInUse(let folder): "another `pmsync up` uses \(folder)"
        case .folder(let folder, let doing): "\(folder) could not \(doing)"
        case .noDefinitions(let folder): "there is no folder of definitions at \(folder); say --workflows DIR"
        case .definitions(let text): "the definitions are refused as a whole:\n\(text)"
        case .missingProgram(let name, let folder): "\(name) is not in \(folder), where pmsync itself is"
        }
    }
}
