import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Files that are whole or not there at all, whatever kills the writer.
package enum WholeFile {
    /// Writes beside the file, syncs, and renames over it.
    package static func write(_ bytes: [UInt8], to path: String) throws(SimulatorError) {
        let beside = path + ".new"
        guard let handle = unsafe fopen(beside, "w") else { throw .file(path, doing: "be written") }
        let written = unsafe fwrite(bytes, 1, bytes.count, handle)
        let flushed = unsafe fflush(handle)
        let synced = unsafe fsync(fileno(handle))
        let closed = unsafe fclose(handle)
        let renamed = closed == 0 ? unsafe rename(beside, path) : -1
        guard written == bytes.count, flushed == 0, synced == 0, renamed == 0 else {
            throw .file(path, doing: "be written")
        }
    }

    package static func write(_ value: some Encodable, to path: String) throws(SimulatorError) {
        do {
            try write([UInt8](encoder.encode(value)), to: path)
        } catch let error as SimulatorError {
            throw error
        } catch {
            throw .file(path, doing: "be written")
        }
    }

    /// Nil when there is no such file.
    package static func read<T: Decodable>(_ type: T.Type, from path: String) throws(SimulatorError) -> T? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else { throw .file(path, doing: "be read") }
        do {
            return try decoder.decode(type, from: data)
        } catch {
            throw .file(path, doing: "be understood")
        }
    }

    package static func makeFolder(_ path: String) throws(SimulatorError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .file(path, doing: "be made")
        }
    }

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }
}

/// Lines that are kept: each is on disk when `append` returns. A last line that was cut by a kill is dropped.
package final class LineLog {
    private let path: String
    private let handle: FileHandle

    package init(_ path: String) throws(SimulatorError) {
        self.path = path
        if !FileManager.default.fileExists(atPath: path) { try WholeFile.write([], to: path) }
        guard let handle = FileHandle(forUpdatingAtPath: path) else { throw .file(path, doing: "be opened") }
        self.handle = handle
    }

    /// All whole lines; what follows the last newline is cut off.
    package func lines() throws(SimulatorError) -> [[UInt8]] {
        do {
            try handle.seek(toOffset: 0)
            let bytes = [UInt8](try handle.readToEnd() ?? Data())
            let whole = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            try handle.truncate(atOffset: UInt64(whole))
            try handle.seekToEnd()
            return bytes[..<whole].split(separator: 0x0A).map(Array.init)
        } catch {
            throw .file(path, doing: "be read")
        }
    }

    package func append(_ lines: [[UInt8]]) throws(SimulatorError) {
        do {
            try handle.write(contentsOf: Data(lines.flatMap { $0 + [0x0A] }))
            try handle.synchronize()
        } catch {
            throw .file(path, doing: "be written")
        }
    }
}
