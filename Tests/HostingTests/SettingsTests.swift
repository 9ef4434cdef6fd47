import Foundation
import Hosting
import Testing

@Suite struct SettingsTests {
    @Test func `a setting that is not given has the default of the table`() throws {
        let settings = try Settings(environment: [:])
        #expect(settings.number(.mllpPort) == 2575)
        #expect(settings.seconds(.leaseSeconds) == .seconds(10))
        #expect(settings.text(.databaseURL) == nil)
        #expect(!settings.flag(.allowPrivateWebhooks))
    }

    @Test func `every default has the form of its key`() throws {
        for key in Settings.keys {
            if let fallback = key.fallback { _ = try Settings(environment: [key.name: fallback]) }
        }
        #expect(Set(Settings.keys.map(\.name)).count == Settings.keys.count)
    }

    @Test(arguments: [
        ("PMSYNC_MLP_PORT", "PMSYNC_MLLP_PORT"), ("PMSYNC_DATABSE_URL", "PMSYNC_DATABASE_URL"),
        ("PMSYNC_LEASE_SECOND", "PMSYNC_LEASE_SECONDS"), ("PMSYNC_HELLO_THERE_OBI_WAN", nil),
    ])
    func `an unknown setting is an error that names the nearest known one`(wrong: String, near: String?) {
        let error = #expect(throws: SettingsError.self) { try Settings(environment: [wrong: "1"]) }
        #expect(error == .unknownKey(wrong, nearest: near))
        if let near {
            #expect(error?.description == "unknown setting \(wrong), did you mean \(near)?")
        }
    }

    @Test(arguments: [
        (Settings.Key.mllpPort, "70000"), (.mllpPort, "harbour"), (.poolSize, "-77"), (.leaseSeconds, "ten"),
        (.allowPrivateWebhooks, "perhaps"), (.logLevel, "loud"), (.now, "yesterday"),
        (.databaseURL, "hunter2-secret"),
    ])
    func `a value of the wrong form is an error that names key and form but never the value`(
        key: Settings.Key, value: String
    ) throws {
        let error = try #require(throws: SettingsError.self) { try Settings(environment: [key.name: value]) }
        guard case .malformed(key.name, let expected) = error else {
            Issue.record("not a malformed setting")
            return
        }
        #expect(!expected.isEmpty)
        #expect(!error.description.contains(value))
    }

    @Test func `the environment wins over the file and the file over the default`() throws {
        let file = try File(
            "# the practice's\nPMSYNC_HTTP_PORT = 9000\n\nPMSYNC_MLLP_PORT=\"7000\"\r\nPMSYNC_LISTEN=\n", mode: 0o644)
        let settings = try Settings(environment: ["PMSYNC_CONFIG": file.path, "PMSYNC_MLLP_PORT": "7001"])
        #expect(settings.number(.httpPort) == 9000)
        #expect(settings.number(.mllpPort) == 7001)
        #expect(settings.text(.listen) == "127.0.0.1")
    }

    @Test(arguments: [
        ("PMSYNC_MLLP_PORT 1\n", SettingsError.notAnAssignment(line: 1)),
        ("\nPMSYNC_MLLP_PORT=1\nPMSYNC_MLLP_PORT=2\n", .repeated("PMSYNC_MLLP_PORT", line: 3)),
        ("PMSYNC_CONFIG=/etc/other\n", .nested(line: 1)),
        ("MLLP_PORT=1\n", .unknownKey("MLLP_PORT", nearest: "PMSYNC_MLLP_PORT")),
    ])
    func `a bad line of the file is told by its number`(text: String, expected: SettingsError) throws {
        let file = try File(text, mode: 0o600)
        #expect(throws: expected) { try Settings(environment: ["PMSYNC_CONFIG": file.path]) }
    }

    @Test func `a file that is not there is an error`() {
        #expect(throws: SettingsError.unreadable) { try Settings(environment: ["PMSYNC_CONFIG": "/nowhere/at/all"]) }
    }

    @Test(arguments: ["postgres://app:s3cret@db/pmsync", "postgres://db/pmsync?user=app&password=s3cret"])
    func `a file that holds a password is refused when everybody may read it`(url: String) throws {
        let open = try File("PMSYNC_DATABASE_URL=\(url)\n", mode: 0o644)
        let error = #expect(throws: SettingsError.exposedSecret("PMSYNC_DATABASE_URL")) {
            try Settings(environment: ["PMSYNC_CONFIG": open.path])
        }
        #expect(error?.description.contains("s3cret") == false)
        let shut = try File("PMSYNC_DATABASE_URL=\(url)\n", mode: 0o640)
        #expect(try Settings(environment: ["PMSYNC_CONFIG": shut.path]).text(.databaseURL) == url)
    }

    @Test func `a clock that is held does not move`() throws {
        let settings = try Settings(environment: ["PMSYNC_NOW": "2026-03-02T08:00:00-05:00"])
        #expect(settings.wall.now() == Date(timeIntervalSince1970: 1_772_456_400))
        let ahead = Wall.offset(3600).now().timeIntervalSince(Wall.system.now())
        #expect((3599...3601).contains(ahead))
    }

    @Test func `the table of the README is the table of the code`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        guard let readme = try? String(contentsOf: root.appending(path: "README.md"), encoding: .utf8),
            readme.contains("| setting |")
        else { try Test.cancel("the README has no table of settings yet") }
        #expect(readme.contains(Settings.table), "the table should read:\n\(Settings.table)")
    }
}

/// A file of one test, gone with it.
private final class File {
    let path: String

    init(_ text: String, mode: Int) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString)").path
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
