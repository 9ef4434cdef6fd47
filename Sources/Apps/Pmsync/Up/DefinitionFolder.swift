import Foundation
import Hosting
import Postgres
import Worker
import Workflow

/// The folder of definitions that `up` applies at start, and again when a file in it changes. A bad folder is refused
/// whole, and the version before stays in force.
struct DefinitionFolder: Sendable {
    let path: String

    /// The folder named; else `workflows` where we stand; else the one beside the sources this was built from.
    init(_ given: String?) throws(UpError) {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var places = given.map { [$0] } ?? ["workflows"]
        if given == nil {
            var folder = executable
            while folder.count > 1 {
                folder = (folder as NSString).deletingLastPathComponent
                places.append(folder + "/workflows")
            }
        }
        let found = places.first { FileManager.default.fileExists(atPath: $0 + "/README.md") || given != nil }
        guard let found, FileManager.default.fileExists(atPath: found) else { throw .noDefinitions(places[0]) }
        path = found
    }

    func apply(to pool: Pool) async throws {
        do {
            let files = try Definition.files(inFolder: path)
            if try await DefinitionStore.apply(files, by: "up", to: pool) { Program.print("applied \(path)") }
        } catch let error as DefinitionError {
            throw UpError.definitions(error.description)
        }
    }

    /// Looks every two seconds, until interrupted.
    func watch(_ pool: Pool, until interrupted: Interruption) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await interrupted.wait() }
            group.addTask {
                var before = self.stamp()
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(2))
                    let now = self.stamp()
                    if now == before { continue }
                    before = now
                    do {
                        try await self.apply(to: pool)
                    } catch {
                        Program.print("\(error)")
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func stamp() -> [String: Date] {
        var stamp: [String: Date] = [:]
        let files = FileManager.default.enumerator(atPath: path)
        while let file = files?.nextObject() as? String {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + file)
            stamp[file] = attributes?[.modificationDate] as? Date
        }
        return stamp
    }
}
