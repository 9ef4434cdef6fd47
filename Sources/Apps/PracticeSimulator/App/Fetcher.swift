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
    private let catchesUp: Bool
    private let wait: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - base: pmsync's address, without `/fhir`.
    ///   - key: the API key; goes to `base` alone.
    ///   - catchesUp: whether missed changes are read from `base`'s stream, `/changes`; else gaps are left.
    ///   - wait: before what failed is tried again; ten times as long before a gap is looked at.
    package init(
        _ store: AppStore, base: String, key: String, catchesUp: Bool,
        wait: Duration = .milliseconds(500), logger: Logger
    ) {
        self.wait = wait
        self.store = store
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.key = key
        self.catchesUp = catchesUp
        self.logger = logger
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { await work() } }
                if catchesUp { group.addTask { await watchForGaps() } }
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

    /// A number was passed over: the missing changes are read from the stream, after giving them a moment to arrive by
    /// themselves.
    private func watchForGaps() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await Task.sleep(for: wait * 10)
                guard let gap = await store.gap else { continue }
                try await fill(gap)
            } catch is CancellationError {
                return
            } catch {
                logger.debug("missed changes could not be read yet")
            }
        }
    }

    /// Reads on from the last change before the gap to the first behind it. A stream that breaks off is resumed at the
    /// next look: what was read is kept, with where it ended.
    private func fill(_ gap: AppList.Gap) async throws {
        let response = try await get(
            "\(base)/changes", accept: "text/event-stream", ["last-event-id": String(gap.after)])
        guard response.status == .ok else { throw SimulatorError.refused(code: "\(response.status.code)") }
        var stream = EventStream()
        for try await piece in response.body {
            for event in stream.read(piece.readableBytesView) {
                guard let number = Int64(event.id) else { continue }
                var body = try JSONDecoder().decode(NoticeBody.self, from: Data(event.data.utf8))
                // The stream numbers the practice's changes, not this subscription's events.
                body.data.event = nil
                _ = try await store.receive(webhook: "change/\(number)", body: body, now: Date())
                try await store.catchUp(to: number)
                if number >= gap.before { return }
            }
        }
    }

    private func get(
        _ url: String, accept: String, _ more: KeyValuePairs<String, String> = [:]
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        for (name, value) in more { request.headers.add(name: name, value: value) }
        request.headers.add(name: "authorization", value: "Bearer \(key)")
        request.headers.add(name: "accept", value: accept)
        return try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    }
}
