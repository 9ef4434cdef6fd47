import Foundation

extension Definition {
    /// The definitions of a folder on disk, path to text: what `init(files:)` takes. Cases and pages are left out.
    package static func files(inFolder folder: String) throws -> [String: String] {
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
            let parts = path.split(separator: "/")
            guard path.hasSuffix(".yaml") || path.hasSuffix(".csv"), !parts.contains("cases") else { continue }
            files[path] = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        }
        return files
    }
}
