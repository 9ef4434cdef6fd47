import Console
import Foundation
import Hosting
import Postgres

/// What `up --demo` adds: a booking app's key and webhook, somebody who may sign in, and the words for the simulator.
struct Demo {
    static let practice = "demo"
    private static let client = "demo-booking"

    let arguments: [String]
    private let password: String

    /// Makes what is missing and keeps it in the data folder, so that a second `up --demo` goes on where the first ended.
    static func prepare(
        _ folder: DataFolder, facts: [String: String], pool: Pool
    ) async throws -> Demo {
        let home = try folder.folder("demo")
        let port = try kept(home + "/app-port") { String(try freePort()) }
        let (webhook, list) = ("http://127.0.0.1:\(port)/webhook", "http://127.0.0.1:\(port)/fhir")
        let (keyFile, secretFile) = (home + "/api-key", home + "/webhook-secret")
        if FileManager.default.fileExists(atPath: keyFile) {
            try await Clients.moveWebhook(client, practice: practice, to: webhook, list: list, in: pool)
        } else {
            let secrets = try await Clients.add(
                .init(name: client, practice: practice, webhook: webhook, list: list, listKey: nil), to: pool)
            try write(secrets.webhookSecret ?? "", to: secretFile)
            try write(secrets.key, to: keyFile)
        }
        let password = try kept(home + "/console-password") {
            String((0..<20).map { _ in "abcdefghjkmnpqrstuvwxyz23456789".randomElement() ?? "x" })
        }
        try await pool.transaction { transaction in
            try await ConsolePeople.setPassword(
                name: "demo", password: password, practices: [practice], isAdministrator: true, in: transaction)
        }
        return Demo(
            arguments: [
                "run", "--mllp", "127.0.0.1:\(facts["mllp"] ?? "2575")", "--practice", practice, "--plant", "demo",
                "--state", home + "/practice", "--list", home + "/appointments.csv", "--app-port", port,
                "--pmsync-http", "http://127.0.0.1:\(facts["http"] ?? "8080")", "--key-file", keyFile,
                "--secret-file", secretFile,
            ], password: password)
    }

    func announce() {
        Program.print("sign in as demo with the password \(password)")
    }

    private static func kept(_ file: String, make: () throws -> String) throws -> String {
        if let text = try? String(contentsOfFile: file, encoding: .utf8) { return text }
        let text = try make()
        try write(text, to: file)
        return text
    }

    /// Whole or not at all, and for our eyes only.
    private static func write(_ text: String, to file: String) throws {
        let beside = file + ".new"
        let isWritten = FileManager.default.createFile(
            atPath: beside, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten, unsafe rename(beside, file) == 0 else { throw UpError.folder(file, doing: "be written") }
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else { throw UpError.folder("127.0.0.1", doing: "give a free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
