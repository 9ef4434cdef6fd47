import Foundation

/// One watched folder on disk, as one gateway works it. A file is claimed by being renamed into this gateway's own part of
/// `claimed`, so that whoever puts files there and two gateways never meet over one; it ends in `archive`, or in `rejected`
/// with the reason beside it.
///
///     file --claim--> claimed/OWNER/file --keep--> archive/file
///                       ^        |------reject--> rejected/file, file.reason
///                       |        | the owner ends, or is killed: its lock is free
///                       +--------+ the next one that looks takes it over
struct WatchedFolder: Sendable {
    let path: String
    private let claim: Claim

    private static let claimed = "claimed"
    private static let archive = "archive"
    private static let rejected = "rejected"
    /// A file that was written to so lately may still be growing.
    private static let rest: TimeInterval = 2
    /// What programs call a file that they are still writing.
    private static let unfinished = [".tmp", ".part", ".filepart", ".partial", ".writing"]

    /// Where a feed's stated folder is; a relative one is under the data folder. Nil where there is none.
    static func path(_ stated: String, data: String?) -> String? {
        stated.hasPrefix("/") ? stated : data.map { $0 + "/" + stated }
    }

    /// Makes the folder and its parts, where they are not there, and a part for this gateway's claims. They are its own for
    /// as long as this value lives.
    init(_ path: String) throws {
        self.path = path
        for part in [Self.claimed, Self.archive, Self.rejected] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(part)", withIntermediateDirectories: true)
        }
        claim = try Claim(in: "\(path)/\(Self.claimed)")
    }

    /// What was claimed and not finished, by this gateway or by one that has ended, then what has come to rest, oldest
    /// first.
    func claim(now: Date) throws -> [String] {
        try takeOver()
        var claimed = try files(in: mine).map(\.name)
        for file in try files(in: nil) {
            guard now.timeIntervalSince(file.written) >= Self.rest,
                !Self.unfinished.contains(where: { file.name.lowercased().hasSuffix($0) })
            else { continue }
            if let name = take(file.name, from: path) { claimed.append(name) }
        }
        return claimed
    }

    /// Takes the claims of gateways that have ended; and files that lie in `claimed` itself, which are nobody's.
    private func takeOver() throws {
        let all = "\(path)/\(Self.claimed)"
        for file in try files(in: Self.claimed) { _ = take(file.name, from: all) }
        for owner in try FileManager.default.contentsOfDirectory(atPath: all)
        where owner != claim.owner && !owner.hasPrefix(".") {
            try Claim.ifEnded(owner, in: all) {
                for file in try files(in: "\(Self.claimed)/\(owner)") { _ = take(file.name, from: "\(all)/\(owner)") }
            }
        }
    }

    /// The name under which it is ours now; nil where another gateway was first.
    private func take(_ name: String, from folder: String) -> String? {
        let own = free(name, in: mine)
        guard (try? move("\(folder)/\(name)", "\(path)/\(mine)/\(own)")) != nil else { return nil }
        return own
    }

    private var mine: String { "\(Self.claimed)/\(claim.owner)" }

    func open(_ name: String) throws -> ClaimedFile { try ClaimedFile("\(path)/\(mine)/\(name)") }

    func keep(_ name: String) throws {
        try move("\(path)/\(mine)/\(name)", "\(path)/\(Self.archive)/\(free(name, in: Self.archive))")
    }

    /// The reason first: a file that is there without one says nothing.
    func reject(_ name: String, _ reasons: [String]) throws {
        let end = free(name, in: Self.rejected)
        try Data((reasons.joined(separator: "\n") + "\n").utf8)
            .write(to: URL(filePath: "\(path)/\(Self.rejected)/\(end).reason"), options: .atomic)
        try move("\(path)/\(mine)/\(name)", "\(path)/\(Self.rejected)/\(end)")
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
