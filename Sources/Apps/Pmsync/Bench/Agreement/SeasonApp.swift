import AsyncHTTPClient
import Destination
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import PracticeSimulator
import Worker

/// The booking app of one practice of a season: hears of changes by hand, reads them over HTTP with its key some hundred at
/// a time, and serves its list as FHIR.
final class SeasonApp: Sendable {
    let store: AppStore
    private let base: String
    private let key: String

    private init(store: AppStore, base: String, key: String) {
        self.store = store
        self.base = base
        self.key = key
    }

    static func open(
        _ practice: String, base: String, pool: Pool, clock: DatabaseClock, _ running: inout [Task<Void, Never>]
    ) async throws -> SeasonApp {
        let store = try AppStore(folder: nil, clock: { clock.shown })
        let webhook = try StandardWebhook(secrets: Destination.Secret.make().text, file: "")
        let (ports, whenBound) = AsyncStream.makeStream(of: Int.self)
        running.append(
            Task {
                try? await AppServer(store, webhook: webhook, port: 0) { whenBound.yield($0) }.run()
                whenBound.finish()
            })
        guard let port = await ports.first(where: { _ in true }) else {
            throw UpError.folder("127.0.0.1", doing: "be served")
        }
        let address = "http://127.0.0.1:\(port)"
        let secrets = try await Clients.add(
            .init(
                name: "booking", practice: practice, webhook: address + "/webhook", list: address + "/fhir",
                listKey: nil),
            to: pool)
        return SeasonApp(store: store, base: base, key: secrets.key)
    }

    /// A notice, as its webhook would bring it.
    func take(_ notice: Destination.Notice) async throws(DeliveryFailure) -> Receipt {
        let record = notice.record.uuidString.lowercased()
        let status: Int
        do {
            if await store.mustLook(at: record) {
                for appointment in try await page(ids: [record]) { await store.learn(appointment) }
            }
            status = try await store.receive(
                webhook: notice.id.uuidString.lowercased(), body: notice.body, now: Date())
        } catch {
            throw .unanswered
        }
        if let failure = DeliveryFailure(status: status, retryAfter: nil) { throw failure }
        return Receipt(status: status)
    }

    /// Reads everything that it heard of and has not read.
    func read() async throws {
        while true {
            let ids = await store.takeSome(100)
            if ids.isEmpty { return }
            let found = Dictionary(uniqueKeysWithValues: try await page(ids: ids).map { ($0.id, $0) })
            for id in ids { try await store.finish(id, found[id]) }
        }
    }

    /// Reads all there is.
    func readAll() async throws {
        var next: String? = "\(base)/fhir/Appointment?_count=200"
        while let url = next {
            let page = try await get(url)
            for appointment in page.appointments { try await store.finish(appointment.id, appointment) }
            next = page.next
        }
    }

    private func page(ids: [String]) async throws -> [AppAppointment] {
        try await get("\(base)/fhir/Appointment?_count=200&_id=\(ids.joined(separator: ","))").appointments
    }

    /// Waits where it is told that its key asks too often.
    private func get(_ url: String) async throws -> (appointments: [AppAppointment], next: String?) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "authorization", value: "Bearer \(key)")
        request.headers.add(name: "accept", value: "application/fhir+json")
        var response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        while response.status == .tooManyRequests {
            let seconds = response.headers.first(name: "retry-after").flatMap { Int($0) } ?? 1
            try await Task.sleep(for: .seconds(seconds))
            response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        }
        let body = try await response.body.collect(upTo: 32 << 20)
        guard response.status == .ok else { throw SimulatorError.refused(code: "\(response.status.code)") }
        return try AppAppointment.page(Data(body.readableBytesView))
    }
}

/// Hands each notice to its practice's app.
struct SeasonApps: NoticeSender {
    let apps: [String: SeasonApp]

    func send(_ notice: Destination.Notice, to webhook: Webhook) async throws(DeliveryFailure) -> Receipt {
        guard let app = apps[notice.practice] else { throw .unanswered }
        return try await app.take(notice)
    }
}
