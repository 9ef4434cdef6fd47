import Console
import Foundation
import Postgres
import Practice
import Testing

@Suite struct TemplateTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Apps/Console")

    @Test func `No template has a tag that does not escape`() throws {
        let files = try #require(FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            count += text.matches(of: /\{\{/).count
            // Three braces, an ampersand, a pragma that changes the content type, other delimiters.
            for tag in ["{{{", "{{&", "{{ &", "{{%", "{{="] {
                #expect(!text.contains(tag), "\(file.lastPathComponent) has \(tag)")
            }
        }
        #expect(count > 300)
    }
}
