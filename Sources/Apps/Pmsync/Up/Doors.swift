import Gateway
import Hosting
import NIOCore
import NIOPosix

/// What `up` will listen on, tried before anything is made: a refusal is then told at once, and leaves nothing behind.
struct Doors {
    private let settings: Settings
    private let host: String

    init(_ settings: Settings) {
        self.settings = settings
        host = settings.text(.listen) ?? "127.0.0.1"
    }

    /// Throws `SettingsError` or `ListenError` where the gateway or the console would.
    func check() async throws {
        try GatewayProgram.mayListenPlainly(at: host, settings)
        let doors: [(String, Settings.Key)] = [
            ("MLLP", .mllpPort), ("HTTP", .httpPort), ("the console", .consolePort),
        ]
        for (door, key) in doors {
            let port = settings.number(key)
            try await ListenError.explaining(door, host: host, port: port) {
                let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1).bind(host: host, port: port).get()
                try await channel.close()
            }
        }
    }
}
