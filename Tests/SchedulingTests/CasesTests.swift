import Foundation
import Testing
import Workflow

@testable import Scheduling

/// The folder of definitions that is shipped.
enum Shipped {
    static let root = String(
        #filePath.dropLast("/Tests/SchedulingTests/CasesTests.swift".count))
    static let workflows = root + "/workflows"
    static var cases: [String] {
        do { return try Cases.names(inFolder: workflows) } catch { preconditionFailure("workflows/ is beside Tests/") }
    }
}

@Suite struct CasesTests {
    @Test(arguments: Shipped.cases)
    func theCaseHolds(name: String) throws {
        let definition = try Cases.definition(inFolder: Shipped.workflows)
        let result = try Cases.run(name, folder: Shipped.workflows, definition: definition)
        #expect(result.failures.isEmpty, "\(result)")
    }

    @Test func aCaseThatDoesNotHoldNamesItsFileAndLine() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pmsync-cases-\(UUID().uuidString)").path
        try FileManager.default.copyItem(atPath: Shipped.workflows, toPath: folder)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        let file = folder + "/scheduling/cases/s12-new.expect.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing("status: booked", with: "status: arrived").write(
            toFile: file, atomically: true, encoding: .utf8)
        let definition = try Cases.definition(inFolder: folder)
        let result = try Cases.run("s12-new", folder: folder, definition: definition)
        let line = try #require(text.split(separator: "\n").firstIndex { $0.contains("status: booked") }) + 1
        #expect(
            result.failures.map(\.description) == [
                "scheduling/cases/s12-new.expect.yaml:\(line): status: expected [\"arrived\"], found [\"booked\"]"
            ])
    }
}
