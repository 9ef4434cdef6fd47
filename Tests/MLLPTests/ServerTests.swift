import HL7
import MLLP
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    @Test("A message sent is a message answered, and the answer is matched by its id")
    func exchange() async throws {
        let server = try await Server.start(port: 0, onFrame: { frame, _ in Answer(acknowledge(frame.bytes)) })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        for id in ["A", "B", "C"] {
            let reply = try Acknowledgement.Reply(Message(await client.send(adt(id))))
            #expect(reply?.controlID == id)
        }
        await client.close()
        await server.stop()
    }

    @Test("A pipelining sender's frames are in flight together, begin in order and are answered in order")
    func pipelining() async throws {
        let gate = Gate(100)
        let server = try await Server.start(
            port: 0,
            onFrame: { frame, _ in
                await gate.arrive(frame.number)
                return Answer(acknowledge(frame.bytes))
            })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        let ids = (1...100).map { "M\($0)" }
        try await client.sendRaw(ids.flatMap { FrameDecoder.frame(adt($0)) })
        for id in ids {
            #expect(try Acknowledgement.Reply(Message(await client.receive()))?.controlID == id)
        }
        #expect(gate.order == Array(1...100))
        await client.close()
        await server.stop()
    }

    @Test("A connection that is paused again and again loses nothing and keeps its order")
    func pauses() async throws {
        var limits = Limits()
        limits.unansweredFrames = 4
        let server = try await Server.start(
            port: 0, limits: limits,
            onFrame: { frame, _ in
                await Task.yield()
                return Answer(acknowledge(frame.bytes))
            })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        for burst in 0..<50 {
            try await client.sendRaw((0..<8).flatMap { FrameDecoder.frame(adt("\(burst)-\($0)")) })
        }
        for burst in 0..<50 {
            for index in 0..<8 {
                let reply = try Acknowledgement.Reply(Message(await client.receive()))
                #expect(reply?.controlID == "\(burst)-\(index)")
            }
        }
        await client.close()
        await server.stop()
    }

    @Test("An over-long frame is refused with its id and the connection ends; those before it are answered")
    func tooLong() async throws {
        var limits = Limits()
        limits.frame = 1000
        let server = try await Server.start(
            port: 0, limits: limits, onFrame: { frame, _ in Answer(acknowledge(frame.bytes)) },
            onRefusal: { refusal, _ in
                guard case .tooLong(let head, _) = refusal else { return nil }
                return Acknowledgement.make(
                    .ar, for: Header(head: head), text: "too long", controlID: "R", time: DTM(epochSeconds: 0))
            })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        let long = adt("LONG") + [UInt8](repeating: 0x41, count: 3_000_000)
        try await client.sendRaw(FrameDecoder.frame(adt("GOOD")) + FrameDecoder.frame(long))
        #expect(try Acknowledgement.Reply(Message(await client.receive()))?.controlID == "GOOD")
        let refusal = try Acknowledgement.Reply(Message(await client.receive()))
        #expect(refusal?.code == .ar && refusal?.controlID == "LONG")
        await #expect(throws: MLLPError.closed) { try await client.receive() }
        await server.stop()
    }

    @Test("A frame cut by the connection's end is reported and not answered; what came before it is")
    func cut() async throws {
        let refusals = Refusals()
        let server = try await Server.start(
            port: 0, onFrame: { frame, _ in Answer(acknowledge(frame.bytes)) },
            onRefusal: { refusal, _ in
                refusals.add(refusal)
                return nil
            })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        try await client.sendRaw(FrameDecoder.frame(adt("A")) + [0x0B] + Array("MSH|^~".utf8))
        try await client.finishSending()
        #expect(try Acknowledgement.Reply(Message(await client.receive()))?.controlID == "A")
        #expect(await refusals.first() == .cut(head: Array("MSH|^~".utf8), size: 6, cause: .closed))
        await #expect(throws: MLLPError.closed) { try await client.receive() }
        await server.stop()
    }

    @Test("A frame that does not end by its deadline is reported and the connection closed")
    func deadline() async throws {
        let refusals = Refusals()
        var limits = Limits()
        limits.frameDeadline = .milliseconds(50)
        let server = try await Server.start(
            port: 0, limits: limits, onFrame: { frame, _ in Answer(acknowledge(frame.bytes)) },
            onRefusal: { refusal, _ in
                refusals.add(refusal)
                return nil
            })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        try await client.sendRaw([0x0B, 0x4D])
        #expect(await refusals.first() == .cut(head: [0x4D], size: 1, cause: .late))
        await #expect(throws: MLLPError.closed) { try await client.receive() }
        await server.stop()
    }

    @Test("A sender that never writes the last 0x0D is answered after a short silence")
    func noTrailer() async throws {
        var limits = Limits()
        limits.trailerPatience = .milliseconds(20)
        let server = try await Server.start(
            port: 0, limits: limits, onFrame: { frame, _ in Answer(acknowledge(frame.bytes)) })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        for id in ["A", "B"] {
            try await client.sendRaw([0x0B] + adt(id) + [0x1C])
            #expect(try Acknowledgement.Reply(Message(await client.receive()))?.controlID == id)
        }
        await client.close()
        await server.stop()
    }

    @Test("Stopping answers what is in flight and takes no more")
    func stop() async throws {
        let gate = Gate(2)
        let server = try await Server.start(
            port: 0,
            onFrame: { frame, _ in
                await gate.arrive(frame.number)
                return Answer(acknowledge(frame.bytes))
            })
        let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        try await client.sendRaw(FrameDecoder.frame(adt("A")))
        await gate.waitForFirst()
        async let stopped: Void = server.stop()
        await gate.arrive(2)
        #expect(try Acknowledgement.Reply(Message(await client.receive()))?.controlID == "A")
        await #expect(throws: MLLPError.closed) { try await client.receive() }
        await stopped
        #expect(server.connections == 0)
        await #expect(throws: MLLPError.unreachable) {
            try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        }
    }

    @Test("More connections than the limit are closed and reported")
    func connections() async throws {
        let refusals = Refusals()
        var limits = Limits()
        limits.connections = 1
        let server = try await Server.start(
            port: 0, limits: limits, onFrame: { frame, _ in Answer(acknowledge(frame.bytes)) },
            onRefusal: { refusal, _ in
                refusals.add(refusal)
                return nil
            })
        let first = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        _ = try await first.send(adt("A"))
        let second = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
        #expect(await refusals.first() == .tooManyConnections)
        await #expect(throws: MLLPError.closed) { try await second.receive() }
        _ = try await first.send(adt("B"))
        await first.close()
        await server.stop()
    }

    @Test("An answer of another message, none, or nonsense is an error, and the connection ends")
    func badAnswers() async throws {
        let server = try await Server.start(
            port: 0,
            onFrame: { frame, _ in
                switch try? Message(frame.bytes).header.controlID {
                case "OTHER": Answer(acknowledge(adt("X")))
                case "NONSENSE": Answer(Array("hello".utf8))
                default: Answer(nil)
                }
            })
        let cases: [(String, MLLPError)] = [
            ("OTHER", .mismatch), ("NONSENSE", .notAnAcknowledgement), ("SILENCE", .timedOut),
        ]
        for (id, error) in cases {
            let client = try await Client.connect(host: "127.0.0.1", port: server.boundPort)
            await #expect(throws: error) { try await client.send(adt(id), deadline: .milliseconds(200)) }
            await #expect(throws: MLLPError.closed) { try await client.send(adt(id)) }
        }
        await server.stop()
    }
}
