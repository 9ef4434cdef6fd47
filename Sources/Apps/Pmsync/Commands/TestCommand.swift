import ArgumentParser
import Foundation
import Scheduling
import Workflow

/// `pmsync test [PATH]`
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Runs the cases of a folder of definitions, or one of them.")

    @Argument(help: "A folder of definitions, or a case in one.") var path: String?

    func run() async throws {
        let place = try CasePlace(path)
        let results: [CaseResult]
        do {
            let definition = try Cases.definition(inFolder: place.folder)
            let names = try place.name.map { [$0] } ?? Cases.names(inFolder: place.folder)
            results = try names.map { try Cases.run($0, folder: place.folder, definition: definition) }
        } catch let error as DefinitionError {
            for problem in error.problems { print("\(place.folder)/\(problem)") }
            print("0 passed, 0 failed: the definitions are wrong")
            throw ExitCode(1)
        }
        let failed = results.filter { !$0.failures.isEmpty }
        for result in failed {
            print("FAILED \(result.name)")
            for failure in result.failures { print("  \(place.folder)/\(failure)") }
        }
        print("\(results.count - failed.count) passed, \(failed.count) failed")
        if !failed.isEmpty { throw ExitCode(1) }
    }
}

/// A folder of definitions, and perhaps the name of one case in it.
struct CasePlace: Equatable {
    let folder: String
    let name: String?

    init(_ path: String?) throws {
        let path = try path ?? DefinitionFolder(nil).path
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError.unreadable(path)
        }
        if isFolder.boolValue {
            (folder, name) = (path, nil)
            return
        }
        // FOLDER/scheduling/cases/NAME.hl7 or NAME.expect.yaml
        let file = URL(fileURLWithPath: path)
        let cases = file.deletingLastPathComponent()
        guard cases.lastPathComponent == "cases", let dot = file.lastPathComponent.firstIndex(of: ".") else {
            throw ValidationError("\(path) is neither a folder of definitions nor a case in one")
        }
        folder = cases.deletingLastPathComponent().deletingLastPathComponent().path
        name = String(file.lastPathComponent[..<dot])
    }
}
