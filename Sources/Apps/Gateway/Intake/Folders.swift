import Foundation
import HL7
import Hosting
import Journal
import Logging
import ServiceLifecycle
import Workflow

/// The third way in: the folders that feeds and taps declare, where SFTP or an interface engine puts files of messages.
/// Each message goes through the same intake as one by MLLP, one at a time and as the file is read, so that a file of any
/// size leaves memory and intake to the others; it is put away once all of its messages are committed.
package final class Folders: Service {
    private let intake: Intake
    private let definitions: Definitions
    private let data: String?
    private let limit: Int
    private let fileLimit: Int
    private let pause: Duration
    private let logger = Logger(label: "pmsync.gateway.folders")

    /// - Parameters:
    ///   - data: the data folder, under which relative folders are.
    ///   - limit: the longest message that is taken.
    ///   - fileLimit: the longest file that is taken.
    package init(
        intake: Intake, definitions: Definitions, data: String?, limit: Int, fileLimit: Int,
        pause: Duration = .seconds(1)
    ) {
        self.intake = intake
        self.definitions = definitions
        self.data = data
        self.limit = limit
        self.fileLimit = fileLimit
        self.pause = pause
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var troubled: Set<String> = []
            var watched: [String: WatchedFolder] = [:]
            while !Task.isCancelled {
                for (folder, feed) in self.definitions.current?.folders ?? []
                where !self.definitions.isHeld(feed) {
                    do {
                        guard let path = WatchedFolder.path(folder, data: self.data) else {
                            throw SettingsError.missing(Settings.Key.data.name)
                        }
                        let own = try watched[path] ?? WatchedFolder(path)
                        watched[path] = own
                        try await self.empty(own, feed)
                        troubled.remove(feed)
                    } catch {
                        // The folder may have been taken away and made anew: its claims are begun afresh.
                        if let path = WatchedFolder.path(folder, data: self.data) { watched[path] = nil }
                        guard troubled.insert(feed).inserted else { continue }
                        self.logger.error(
                            "A watched folder cannot be worked.",
                            metadata: ["feed": "\(feed)", "failure.code": "\(FailureCode.of(error))"])
                    }
                }
                try? await Task.sleep(for: self.pause)
            }
        }
    }

    private func empty(_ folder: WatchedFolder, _ feed: String) async throws {
        for name in try folder.claim(now: Date()) {
            guard let complaints = try await take(name, of: folder, feed) else { return }
            if complaints.isEmpty { try folder.keep(name) } else { try folder.reject(name, complaints.lines) }
            logger.info(
                "A file is taken.", metadata: ["feed": "\(feed)", "file.complaints": "\(complaints.count)"])
            if Task.isCancelled { return }
        }
    }

    /// What was wrong with the file; nil where it cannot be taken now and stays claimed. Messages that are on record
    /// already, from before a crash, are known by their bytes.
    private func take(_ name: String, of folder: WatchedFolder, _ feed: String) async throws -> Complaints? {
        let file = try folder.open(name)
        defer { file.close() }
        var complaints = Complaints()
        guard file.size <= fileLimit else {
            complaints.add("the file has \(file.size) bytes; \(fileLimit) are taken at most")
            return await refuse([], size: file.size, feed) ? complaints : nil
        }
        var survey = Files.Survey()
        try file.rewind()
        while let part = try file.next() {
            survey.take(part)
            await Task.yield()
        }
        try file.rewind()
        let form: Files.Form
        do {
            form = try survey.form()
        } catch {
            guard try await submitWhole(file, feed, &complaints) else { return nil }
            complaints.add("the file is no HL7 message: \(error)")
            return complaints
        }
        var cutter = Files.Cutter(form, limit: limit)
        var number = 0
        while let part = try file.next() {
            for piece in cutter.take(part) where !(await submit(piece, feed, &number, &complaints)) { return nil }
            if Task.isCancelled { return nil }
        }
        for piece in cutter.finish() where !(await submit(piece, feed, &number, &complaints)) { return nil }
        return complaints
    }

    /// A file without a message that can be found is journaled as it is, where it is not longer than a message may be.
    private func submitWhole(_ file: ClaimedFile, _ feed: String, _ complaints: inout Complaints) async throws -> Bool {
        var bytes: [UInt8] = []
        while bytes.count < min(file.size, limit), let part = try file.next() { bytes += part }
        var number = 0
        let piece: Files.Cutter.Piece =
            file.size > limit
            ? .tooLong(head: bytes, size: file.size, position: 0) : .message(.init(bytes: bytes, position: 0))
        return await submit(piece, feed, &number, &complaints)
    }

    /// False where it cannot be taken now.
    private func submit(
        _ piece: Files.Cutter.Piece, _ feed: String, _ number: inout Int, _ complaints: inout Complaints
    ) async -> Bool {
        switch piece {
        case .fault(let fault):
            complaints.add(fault.description)
            return true
        case .tooLong(let head, let size, _):
            number += 1
            complaints.add("message \(number): it is longer than is taken")
            return await refuse(head, size: size, feed)
        case .message(let message):
            number += 1
            guard let definition = definitions.current else { return false }
            let reception = Reception(message.bytes, by: .folder(feed: feed), peer: "folder", definition: definition)
            switch (await intake.submit(.message(reception)), reception.fate) {
            case (.notNow, _): return false
            case (.unstorable, _): complaints.add("message \(number): it cannot be stored")
            case (.kept, .refused(let reason)): complaints.add("message \(number): refused, \(reason.word)")
            case (.kept, .accepted), (.kept, .notAllowed): break
            }
            return true
        }
    }

    private func refuse(_ head: [UInt8], size: Int, _ feed: String) async -> Bool {
        let refusal = Refusal(feed: feed, peer: "folder", reason: "too-long", size: size, head: head)
        return await intake.submit(.refusal(refusal)) != .notNow
    }
}

/// What is wrong with a file, a line each, as far as a person reads on.
private struct Complaints {
    private(set) var count = 0
    private var first: [String] = []

    private static let most = 1000

    var isEmpty: Bool { count == 0 }

    var lines: [String] { count > Self.most ? first + ["and \(count - Self.most) more"] : first }

    mutating func add(_ complaint: String) {
        count += 1
        if count <= Self.most { first.append(complaint) }
    }
}
