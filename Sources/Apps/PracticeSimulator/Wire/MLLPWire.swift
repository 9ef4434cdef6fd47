import MLLP

/// A real connection.
struct MLLPWire: Wire {
    private let client: Client

    static func connect(to address: Address) async throws -> any Wire {
        MLLPWire(client: try await Client.connect(host: address.host, port: address.port, timeout: .seconds(5)))
    }

    func send(_ message: [UInt8]) async throws -> [UInt8] {
        try await client.send(message, deadline: .seconds(15))
    }

    func cut(_ message: [UInt8]) async {
        try? await client.sendRaw([0x0B] + message.prefix(message.count / 2))
        await client.close()
    }

    func close() async { await client.close() }
}
