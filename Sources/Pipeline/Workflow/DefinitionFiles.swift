import Foundation

extension Definition {
    /// The definitions of a folder on disk, path to text: what `init(files:)` takes. Cases and pages are left out.
    package static func files(inFolder folder: String) throws -> [String: String] {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw FolderError.missing(folder)
        }
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
            let parts = path.split(separator: "/")
            guard path.hasSuffix(".yaml") || path.hasSuffix(".csv"), !parts.contains("cases") else { continue }
            do {
                files[path] = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            } catch {
                throw FolderError.unreadable("\(folder)/\(path)")
            }
        }
        return files
    }
}

/// A folder of definitions that cannot be read, by its path.
package enum FolderError: Error, Equatable, Sendable, CustomStringConvertible {
    case missing(String)
    /// A file that is not UTF-8, or may not be read.
    case unreadable(String)

    package var description: String {
        switch self {
        case .missing(let path): "there is no folder \(path)"
        case .unreadable(let path): "\(path) cannot be read as UTF-8"
        }
    }
}
