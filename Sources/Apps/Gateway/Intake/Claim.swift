import Foundation

/// A gateway's own part of a watched folder's `claimed`, named after it. A lock on a file in it says that it lives: the
/// system lets the lock go with the process, however that ends, and not before; over NFS as well.
final class Claim: Sendable {
    let owner: String
    private let descriptor: Int32

    private static let lock = ".owner"

    /// Makes it. It is not seen under its name before it is locked.
    init(in folder: String) throws {
        let process = ProcessInfo.processInfo
        let mark = UInt32.random(in: .min ... .max)
        owner = "\(process.hostName)-\(process.processIdentifier)-\(String(mark, radix: 36))"
        let hidden = "\(folder)/.\(owner)"
        try FileManager.default.createDirectory(atPath: hidden, withIntermediateDirectories: true)
        descriptor = unsafe open("\(hidden)/\(Self.lock)", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw ClaimError.notLocked }
        try FileManager.default.moveItem(atPath: hidden, toPath: "\(folder)/\(owner)")
    }

    deinit { close(descriptor) }

    /// Runs `body` while no other gateway can, where the owner has ended, and takes its part away; does nothing where it
    /// lives. What is left in it after an error waits for the next look.
    static func ifEnded(_ owner: String, in folder: String, _ body: () throws -> Void) throws {
        let part = "\(folder)/\(owner)"
        let descriptor = unsafe open("\(part)/\(lock)", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        // No folder: somebody else was faster; or none of ours.
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        // Whoever held the lock a moment ago may have taken the part away.
        guard FileManager.default.fileExists(atPath: "\(part)/\(lock)") else { return }
        try body()
        let left = try FileManager.default.contentsOfDirectory(atPath: part)
        if left.allSatisfy({ $0 == lock }) { try FileManager.default.removeItem(atPath: part) }
    }
}

enum ClaimError: Error, Equatable, Sendable {
    /// The file system has no locks, or no room.
    case notLocked
}

/// A claimed file, read part by part.
struct ClaimedFile {
    let size: Int
    private let handle: FileHandle

    private static let part = 65536

    init(_ path: String) throws {
        handle = try FileHandle(forReadingFrom: URL(filePath: path))
        size = Int(try handle.seekToEnd())
    }

    func rewind() throws { try handle.seek(toOffset: 0) }

    /// Nil at the end.
    func next() throws -> [UInt8]? {
        guard let data = try handle.read(upToCount: Self.part), !data.isEmpty else { return nil }
        return Array(data)
    }

    func close() { try? handle.close() }
}
