import Foundation
import HL7
import Hosting
import Journal
import Logging
import ServiceLifecycle
import Workflow

/// The third way in: the folders that feeds and taps declare, where SFTP or an interface engine puts files of messages.
/// Each message goes through the same intake as one by MLLP; the file is put away once all of its are committed.
package final class Folders: Service {
    private let intake: Intake
    private let definitions: Definitions
    private let data: String?
    private let limit: Int
    private let pause: Duration
    private let logger = Logger(label: "pmsync.gateway.folders")

    /// - Parameters:
    ///   - data: the data folder, under which relative folders are.
    ///   - limit: the longest message that is taken.
    package init(
        intake: Intake, definitions: Definitions, data: String?, limit: Int, pause: Duration = .seconds(1)
    ) {
        self.intake = intake
        self.definitions = definitions
        self.data = data
        self.limit = limit
        self.pause = pause
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var troubled: Set<String> = []
            while !Task.isCancelled {
                for (folder, feed) in self.definitions.current?.folders ?? []
                where !self.definitions.isHeld(feed) {
                    do {
                        guard let watched = WatchedFolder(folder, data: self.data) else {
                            throw SettingsError.missing(Settings.Key.data.name)
                        }
                        try await self.empty(watched, feed)
                        troubled.remove(feed)
                    } catch {
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
        try folder.prepare()
        for name in try folder.claim(now: Date()) {
            let bytes = try folder.read(name)
            guard let reasons = await take(bytes, feed) else { return }
            if reasons.isEmpty { try folder.keep(name) } else { try folder.reject(name, reasons) }
            logger.info(
                "A file is taken.", metadata: ["feed": "\(feed)", "file.complaints": "\(reasons.count)"])
            if Task.isCancelled { return }
        }
    }

    /// What was wrong with the file; nil where it cannot be taken now and stays claimed. Messages that are on record
    /// already, from before a crash, are known by their bytes.
    private func take(_ bytes: [UInt8], _ feed: String) async -> [String]? {
        let contents: Files.Contents
        do {
            contents = try Files.read(bytes)
        } catch {
            return await submit([bytes], feed).map { $0 + ["the file is no HL7 message: \(error)"] }
        }
        let faults = contents.faults.map(\.description)
        return await submit(contents.messages.map(\.bytes), feed).map { $0 + faults }
    }

    private func submit(_ messages: [[UInt8]], _ feed: String) async -> [String]? {
        var reasons: [String] = []
        for (index, message) in messages.enumerated() {
            guard let definition = definitions.current else { return nil }
            let reception = Reception(message, by: .folder(feed: feed), peer: "folder", definition: definition)
            let isTooLong = message.count > limit
            let submission: Submission =
                isTooLong
                ? .refusal(Refusal(feed: feed, peer: "folder", reason: "too-long", size: message.count, head: message))
                : .message(reception)
            switch (await intake.submit(submission), reception.fate) {
            case (.notNow, _): return nil
            case (.unstorable, _): reasons.append("message \(index + 1): it cannot be stored")
            case (.kept, _) where isTooLong: reasons.append("message \(index + 1): it is longer than is taken")
            case (.kept, .refused(let reason)): reasons.append("message \(index + 1): refused, \(reason.word)")
            case (.kept, .accepted), (.kept, .notAllowed): break
            }
        }
        return reasons
    }
}
