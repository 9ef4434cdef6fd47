import FHIR
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Destination

@Suite(.timeLimit(.minutes(1))) struct FHIRListTests {
    private static let window =
        Date(timeIntervalSince1970: 1_772_456_400)..<Date(timeIntervalSince1970: 1_772_542_800)

    private static func appointment(_ id: String) -> String {
        #"{"resource":{"resourceType":"Appointment","id":"\#(id)","status":"booked","start":"2026-03-02T09:00:00-05:00","#
            + #""end":"2026-03-02T09:15:00-05:00","participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"}]}}"#
    }

    private static func page(_ entries: [String], next: String? = nil) -> Response {
        let link = next.map { #","link":[{"relation":"next","url":"\#($0)"}]"# } ?? ""
        return json(
            #"{"resourceType":"Bundle","type":"searchset"\#(link),"entry":[\#(entries.joined(separator: ","))]}"#)
    }

    private static func json(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/fhir+json"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private static func read(_ port: Int, limits: FHIRList.Limits = .init()) async throws -> [String] {
        let outbound = Outbound(allowsPrivate: true)
        let list = FHIRList(
            base: "http://127.0.0.1:\(port)/fhir/", window: window, key: "k1", by: outbound, limits: limits)
        var read: [String] = []
        let result: Result<Void, FHIRListError>
        do throws(FHIRListError) {
            var iterator = list.makeAsyncIterator()
            while let element = try await iterator.next() {
                switch element {
                case .appointment(let appointment): read.append(appointment.id ?? "-")
                case .unreadable(let id, let place): read.append("\(id ?? "-") at \(place)")
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await outbound.close()
        try result.get()
        return read
    }

    @Test func `every page is read by the server's links, relative or absolute, with the key`() async throws {
        let seen = Mutex<[Incoming]>([])
        let read = try await Receiver.serve { request in
            seen.withLock { $0.append(request) }
            return switch request.path {
            case "/fhir?page=2": Self.page([], next: "fhir?page=3")
            case "/fhir?page=3": Self.page([Self.appointment("c")])
            default:
                Self.page(
                    [Self.appointment("a"), Self.appointment("b")], next: "http://\(request.authority)/fhir?page=2")
            }
        } while: { port in
            try await Self.read(port)
        }
        #expect(read == ["a", "b", "c"])
        let requests = seen.withLock { $0 }
        #expect(
            requests.map(\.path) == [
                "/fhir/Appointment?date=ge2026-03-02T13:00:00Z&date=lt2026-03-03T13:00:00Z&_count=200", "/fhir?page=2",
                "/fhir?page=3",
            ])
        #expect(requests.allSatisfy { $0.header("authorization") == "Bearer k1" })
    }

    @Test func `an appointment that cannot be read is told, and what is only included is passed over`() async throws {
        let read = try await Receiver.serve { _ in
            Self.page([
                #"{"resource":{"resourceType":"Appointment","id":"bad","status":"lost","participant":[]}}"#,
                #"{"resource":{"resourceType":"Patient","id":"p"},"search":{"mode":"include"}}"#,
                Self.appointment("a"),
            ])
        } while: { port in
            try await Self.read(port)
        }
        #expect(read.count == 2 && read[0].hasPrefix("bad at ") && read[1] == "a")
    }

    @Test func `links in a circle are an error`() async throws {
        try await Receiver.serve { request in
            Self.page([], next: request.path.contains("page=1") ? "?page=2" : "?page=1")
        } while: { port in
            await #expect(throws: FHIRListError.cyclicLink) { try await Self.read(port) }
        }
    }

    @Test(arguments: [
        "http://evil.example/fhir?page=2", "https://127.0.0.1/", "http://localhost:%PORT%/", "file:///etc/passwd",
        "//evil/x",
    ])
    func `the key is not carried to another origin`(link: String) async throws {
        try await Receiver.serve { request in
            let port = String(request.authority.split(separator: ":")[1])
            return Self.page([], next: link.replacing("%PORT%", with: port))
        } while: { port in
            await #expect(throws: FHIRListError.foreignLink) { try await Self.read(port) }
        }
    }

    @Test(arguments: [
        #"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login","diagnostics":"Ada"}]}"#,
        #"{"resourceType":"Bundle","type":"history","entry":[]}"#, "[]", "<html>", "",
    ])
    func `an answer that is no searchset is an error that repeats nothing of it`(text: String) async throws {
        try await Receiver.serve { _ in
            Self.json(text)
        } while: { port in
            await #expect(throws: FHIRListError.notASearchset) { try await Self.read(port) }
        }
    }

    @Test func `a refusal is told by its status and the wait it asks for`() async throws {
        try await Receiver.serve { _ in
            Response(status: .tooManyRequests, headers: [.retryAfter: "30"])
        } while: { port in
            await #expect(throws: FHIRListError.refused(status: 429, retryAfter: .seconds(30))) {
                try await Self.read(port)
            }
        }
        #expect(FHIRListError.refused(status: 429, retryAfter: nil).isTransient)
        #expect(!FHIRListError.refused(status: 403, retryAfter: nil).isTransient)
    }

    @Test func `a page that is too long is an error, and so are pages without end`() async throws {
        var limits = FHIRList.Limits()
        limits.pageBytes = 1000
        limits.pages = 5
        try await Receiver.serve { request in
            let number = request.path.split(separator: "=").last.flatMap { Int($0) } ?? 0
            if request.path.contains("Appointment") { return Self.page([], next: "/fhir?page=1") }
            return Self.page([], next: "/fhir?page=\(number + 1)")
        } while: { [limits] port in
            await #expect(throws: FHIRListError.tooManyPages) { try await Self.read(port, limits: limits) }
        }
        try await Receiver.serve { _ in
            Self.page(Array(repeating: Self.appointment("a"), count: 50))
        } while: { [limits] port in
            await #expect(throws: FHIRListError.pageTooLong) { try await Self.read(port, limits: limits) }
        }
    }
}
