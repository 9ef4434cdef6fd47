package import Foundation

/// An appointment as the booking app keeps it.
package struct AppAppointment: Codable, Sendable, Equatable {
    package struct Identifier: Codable, Sendable, Equatable {
        package var system: String?
        package var value: String?
    }

    /// pmsync's id of it.
    package var id: String
    package var version: Int
    package var status: String
    package var start: Date?
    package var end: Date?
    /// References, as pmsync gives them.
    package var patient: String?
    package var provider: String?
    package var location: String?
    package var identifiers: [Identifier]
}

/// The booking app's memory as a value: every event is applied by one function, live and from the log alike.
package struct AppList: Sendable {
    /// A line of the app's log.
    enum Event: Codable, Sendable {
        case notice(Notice)
        /// The webhook came once more.
        case again(webhook: String)
        /// What pmsync answered for a record.
        case fetched(AppAppointment)
        case gone(id: String)
        /// The app's list changed by itself, or lost an entry: a fault.
        case edited(AppAppointment)
        case forgot(id: String)
        /// A webhook that is refused whenever it comes.
        case refused(webhook: String)
    }

    package private(set) var notices: [Notice] = []
    package private(set) var appointments: [String: AppAppointment] = [:]
    private(set) var refused: Set<String> = []
    private var byWebhook: [String: Int] = [:]
    /// Records that pmsync has sent again because a comparison found them to differ.
    private(set) var mended: Set<String> = []
    /// Records of which a notice came after the last fetch.
    private(set) var unfetched: [String] = []

    package init() {}

    mutating func apply(_ event: Event) {
        switch event {
        case .notice(let notice):
            byWebhook[notice.webhook] = notices.count
            notices.append(notice)
            if notice.type.hasSuffix(".resync") { mended.insert(notice.id) }
            if !notice.dropped, !unfetched.contains(notice.id) { unfetched.append(notice.id) }
        case .again(let webhook):
            if let index = byWebhook[webhook] { notices[index].times += 1 }
        case .fetched(let appointment):
            unfetched.removeAll { $0 == appointment.id }
            // A slow answer must not overwrite a newer one.
            if let known = appointments[appointment.id], known.version > appointment.version { return }
            appointments[appointment.id] = appointment
        case .gone(let id), .forgot(let id):
            unfetched.removeAll { $0 == id }
            appointments[id] = nil
        case .edited(let appointment): appointments[appointment.id] = appointment
        case .refused(let webhook): refused.insert(webhook)
        }
    }

    func knows(_ webhook: String) -> Bool { byWebhook[webhook] != nil }

    /// The greatest event number without a gap before it, counted from the first that came.
    package var contiguousEvent: Int64? {
        var last: Int64?
        for event in notices.compactMap(\.event).sorted() {
            guard let before = last else {
                last = event
                continue
            }
            if event == before + 1 { last = event } else if event > before + 1 { break }
        }
        return last
    }

    /// Whether an event after `contiguousEvent` came, so that one between is missing.
    package var hasGap: Bool {
        guard let contiguous = contiguousEvent else { return false }
        return notices.contains { ($0.event ?? 0) > contiguous }
    }

    /// By start and id; entries without a start last.
    package func sorted(from: Date?, to: Date?) -> [AppAppointment] {
        appointments.values
            .filter { appointment in
                guard let start = appointment.start else { return from == nil && to == nil }
                return from.map { start >= $0 } ?? true && to.map { start < $0 } ?? true
            }
            .sorted { ($0.start ?? .distantFuture, $0.id) < ($1.start ?? .distantFuture, $1.id) }
    }
}
