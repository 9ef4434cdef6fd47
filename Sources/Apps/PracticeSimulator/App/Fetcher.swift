import AsyncHTTPClient
import Foundation
package import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Reads from pmsync what the notices tell of: thin notices say that, the record says what.
package struct Fetcher: Service {
    private let store: AppStore
    private let base: String
    private let key: String
    private let catchUp: String?
    private let wait: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - base: pmsync's address, without `/fhir`.
    ///   - key: the API key; goes to `base` and `catchUp` alone.
    ///   - catchUp: where missed notices are read, `?after=N` appended; nil: gaps are left.
    ///   - wait: before what failed is tried again; ten times as long before a gap is looked at.
    package init(
        _ store: AppStore, base: String, key: String, catchUp: String?,
        wait: Duration = .milliseconds(500), logger: Logger
    ) {
        self.wait = wait
        self.store = store
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.key = key
        self.catchUp = catchUp
        self.logger = logger
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { await work() } }
                if catchUp != nil { group.addTask { await watchForGaps() } }
            }
        } onGracefulShutdown: {
            store.close()
        }
    }

    private func work() async {
        await withTaskCancellationHandler {
            while let id = await store.take() {
                do {
                    try await store.finish(id, try await fetch(id))
                } catch {
                    logger.debug("a record could not be read yet")
                    try? await Task.sleep(for: wait)
                    await store.retry(id)
                }
            }
        } onCancel: {
            store.close()
        }
    }

    /// Nil where pmsync has no such record, or no longer.
    private func fetch(_ id: String) async throws -> AppAppointment? {
        let response = try await get("\(base)/fhir/Appointment/\(id)", accept: "application/fhir+json")
        switch response.status.code {
        case 200:
            let body = try await response.body.collect(upTo: 1024 * 1024)
            let wire = try JSONDecoder().decode(WireAppointment.self, from: Data(body.readableBytesView))
            guard let appointment = wire.appointment(id: id) else { throw SimulatorError.refused(code: "unreadable") }
            return appointment
        case 404, 410: return nil
        default: throw SimulatorError.refused(code: "\(response.status.code)")
        }
    }

    /// A number was passed over: the missing notices are asked for, after giving them a moment to arrive by themselves.
    private func watchForGaps() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await Task.sleep(for: wait * 10)
                guard let after = await store.gapAfter, let catchUp else { continue }
                try await read(from: catchUp, after: after)
            } catch is CancellationError {
                return
            } catch {
                logger.debug("missed notices could not be read yet")
            }
        }
    }

    private struct Missed: Decodable {
        struct Event: Decodable {
            let id: String
            let type: String
            let data: NoticeBody.Content
        }
        let events: [Event]
    }

    private func read(from url: String, after: Int64) async throws {
        let response = try await get(
            url + (url.contains("?") ? "&" : "?") + "after=\(after)", accept: "application/json")
        guard response.status == .ok else { throw SimulatorError.refused(code: "\(response.status.code)") }
        let body = try await response.body.collect(upTo: 4 * 1024 * 1024)
        for event in try JSONDecoder().decode(Missed.self, from: Data(body.readableBytesView)).events {
            let notice = NoticeBody(type: event.type, data: event.data)
            _ = try await store.receive(webhook: event.id, body: notice, now: Date())
        }
    }

    private func get(_ url: String, accept: String) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "authorization", value: "Bearer \(key)")
        request.headers.add(name: "accept", value: accept)
        return try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    }
}
