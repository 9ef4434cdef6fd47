import ArgumentParser
import Foundation
import Hosting
import Postgres

/// Which database a command works on: the one named, else the private one of the `pmsync up` that runs here.
struct Connection: ParsableArguments {
    @Option(help: "The data folder of a running `pmsync up`.")
    var data: String?

    func settings() throws -> Settings { try Settings() }

    /// As the operator: what this role may do is what its grants say.
    func pool(role: String = "pmsync_operator", size: Int = 2) throws -> Pool {
        Pool(try Configuration(url: try url(), role: role, applicationName: "pmsync"), size: size)
    }

    /// The data folder that these commands go by.
    func folder() throws -> String { try data ?? settings().text(.data) ?? DataFolder.usual }

    func url() throws -> String {
        let settings = try settings()
        if data == nil, let url = settings.text(.databaseURL) { return url }
        let folder = try folder()
        let file = folder + "/database-url"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ValidationError(
                "no database: set PMSYNC_DATABASE_URL, or say --data DIR of a running `pmsync up` (\(file) is not there)"
            )
        }
        let url = text.trimmingCharacters(in: .whitespacesAndNewlines)
        // The private database ends with its `up`; a dead socket would be tried until the deadline.
        if url.contains("host=/") || url.contains("host=%2F"), !DataFolder.isInUse(folder) {
            throw ValidationError("no `pmsync up` runs on \(folder), and its database ended with it")
        }
        return url
    }
}
