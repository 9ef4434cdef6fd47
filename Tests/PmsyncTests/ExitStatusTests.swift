import Testing

@testable import Pmsync

@Suite struct ExitStatusTests {
    @Test(arguments: [
        ["nonsense"], ["up", "--nonsense"], ["replay"], ["replay", "--job", "1", "--parked"],
        ["replay", "--job", "1", "--code", "x"], ["replay", "--job", "one"], ["discard", "1"],
        ["discard", "1", "--reason", " "], ["jobs", "--state", "lost"], ["jobs", "--format", "xml"],
        ["message", "2026-13-01/1"], ["feed", "mode", "app", "loud", "--practice", "demo", "--reason", "x"],
        ["feed", "pause", "scheduling"], ["send", "x.hl7"], ["send", "x.hl7", "--to", "nowhere"],
        ["bench", "nonsense"], ["bench", "path", "--rate", "0"],
    ])
    func `Wrong words exit 2`(words: [String]) async {
        #expect(await PmsyncCommand.run(words: words) == 2)
    }

    @Test(arguments: [["--help"], ["replay", "--help"], ["--version"]])
    func `Asking for help exits 0`(words: [String]) async {
        #expect(await PmsyncCommand.run(words: words) == 0)
    }

    @Test func `X12 is said to come later`() async {
        #expect(await PmsyncCommand.run(words: ["parse", "x.edi", "--as", "x12"]) == 1)
    }
}
