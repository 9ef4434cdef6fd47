import Foundation

extension String {
    /// Writes a list as its system exports it: made now, by the clock of the tests. The kernel, which stamps files, may keep
    /// another.
    package func writeExport(to path: String) throws {
        try write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
    }
}
