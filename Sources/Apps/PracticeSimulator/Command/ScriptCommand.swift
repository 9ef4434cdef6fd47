import ArgumentParser
import Foundation

struct ScriptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "script",
        abstract: "Prints the day's messages: a segment a line, an empty line between messages.")

    @OptionGroup var script: ScriptOptions

    func run() throws {
        var (feed, count) = try script.feed(now: Date())
        for _ in 0..<count {
            guard let delivery = feed.next() else { return }
            let lines = delivery.bytes.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A })
            let text = lines.map { Array($0) + [0x0A] }.joined() + [0x0A]
            try FileHandle.standardOutput.write(contentsOf: Data(text))
        }
    }
}

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Prints the PM's own appointment list as CSV, as it stands at the day's end.")

    @OptionGroup var script: ScriptOptions

    func run() throws {
        var (feed, count) = try script.feed(now: Date())
        feed.skip(count)
        try FileHandle.standardOutput.write(contentsOf: Data(feed.list.utf8))
    }
}
