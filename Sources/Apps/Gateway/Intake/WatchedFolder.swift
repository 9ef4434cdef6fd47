import Foundation

/// One watched folder on disk. A file is claimed by being renamed into `claimed`, so that whoever puts files there and
/// two gateways never meet over one; it ends in `archive`, or in `rejected` with the reason beside it.
struct WatchedFolder: Sendable {
    let path: String

    private static let claimed = "claimed"
    private static let archive = "archive"
    private static let rejected = "rejected"
    /// A file that was written to so lately may still be growing.
    private static let rest: TimeInterval = 2
    /// What programs call a file that they are still writing.
    private static let unfinished = [".tmp", ".part", ".filepart", ".partial", ".writing"]

    /// - Parameter stated: a relative path is under the data folder; nil where there is none.
    init?(_ stated: String, data: String?) {
        if stated.hasPrefix("/") {
            path = stated
        } else if let data {
            path = data + "/" + stated
        } else {
            return nil
        }
    }

    /// Makes the folder and its parts, where they are not there.
    func prepare() throws {
        for part in [Self.claimed, Self.archive, Self.rejected] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(part)", withIntermediateDirectories: true)
        }
    }

    /// What was claimed and not finished, then what has come to rest, oldest first.
    func claim(now: Date) throws -> [String] {
        let left = try files(in: Self.claimed).map(\.name)
        var claimed = left
        for file in try files(in: nil) {
            guard now.timeIntervalSince(file.written) >= Self.rest,
                !Self.unfinished.contains(where: { file.name.lowercased().hasSuffix($0) })
            else { continue }
            let name = free(file.name, in: Self.claimed)
            // Another gateway may have been first.
            guard (try? move("\(path)/\(file.name)", "\(path)/\(Self.claimed)/\(name)")) != nil else { continue }
            claimed.append(name)
        }
        return claimed
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(path)/\(Self.claimed)/\(name)")))
    }

    func keep(_ name: String) throws {
        try move("\(path)/\(Self.claimed)/\(name)", "\(path)/\(Self.archive)/\(free(name, in: Self.archive))")
    }

    /// The reason first: a file that is there without one says nothing.
    func reject(_ name: String, _ reasons: [String]) throws {
        let end = free(name, in: Self.rejected)
        try Data((reasons.joined(separator: "\n") + "\n").utf8)
            .write(to: URL(filePath: "\(path)/\(Self.rejected)/\(end).reason"), options: .atomic)
        try move("\(path)/\(Self.claimed)/\(name)", "\(path)/\(Self.rejected)/\(end)")
    }

    private func files(in part: String?) throws -> [(name: String, written: Date)] {
        let folder = part.map { "\(path)/\($0)" } ?? path
        return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name in
            if name.hasPrefix(".") { return nil }
            let facts = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            guard facts?[.type] as? FileAttributeType == .typeRegular, let written = facts?[.modificationDate] as? Date
            else { return nil }
            return (name, written)
        }.sorted { ($0.written, $0.name) < ($1.written, $1.name) }
    }

    /// The name, or with a number where it is taken.
    private func free(_ name: String, in part: String) -> String {
        var candidate = name
        var number = 1
        while FileManager.default.fileExists(atPath: "\(path)/\(part)/\(candidate)") {
            number += 1
            candidate = "\(name).\(number)"
        }
        return candidate
    }

    private func move(_ from: String, _ to: String) throws {
        try FileManager.default.moveItem(atPath: from, toPath: to)
    }
}
