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
    /// When the app last changed it, where the app says so.
    package var updated: Date?

    package init(
        id: String, version: Int, status: String, start: Date?, end: Date?, patient: String?, provider: String?,
        location: String?, identifiers: [Identifier]
    ) {
        self.id = id
        self.version = version
        self.status = status
        self.start = start
        self.end = end
        self.patient = patient
        self.provider = provider
        self.location = location
        self.identifiers = identifiers
    }
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
        /// The stream of changes was read so far.
        case caughtUp(change: Int64)
    }

    package private(set) var notices: [Notice] = []
    package private(set) var appointments: [String: AppAppointment] = [:]
    private(set) var refused: Set<String> = []
    private var byWebhook: [String: Int] = [:]
    private var byChange: [Int64: Int] = [:]
    /// The change up to which a stream has filled all gaps.
    private var caughtUp: Int64 = 0
    /// Records that pmsync has sent again because a comparison found them to differ.
    private(set) var mended: Set<String> = []
    /// Records of which a notice came after the last fetch.
    private(set) var unfetched: Set<String> = []

    package init() {}

    mutating func apply(_ event: Event) {
        switch event {
        case .notice(let notice):
            byWebhook[notice.webhook] = notices.count
            if let change = notice.change { byChange[change] = notices.count }
            notices.append(notice)
            if notice.type.hasSuffix(".resync") { mended.insert(notice.id) }
            if !notice.dropped { unfetched.insert(notice.id) }
        case .again(let webhook):
            if let index = byWebhook[webhook] { notices[index].times += 1 }
        case .fetched(let appointment):
            unfetched.remove(appointment.id)
            // A slow answer must not overwrite a newer one.
            if let known = appointments[appointment.id], known.version > appointment.version { return }
            appointments[appointment.id] = appointment
        case .gone(let id), .forgot(let id):
            unfetched.remove(id)
            appointments[id] = nil
        case .edited(let appointment): appointments[appointment.id] = appointment
        case .refused(let webhook): refused.insert(webhook)
        case .caughtUp(let change): caughtUp = max(caughtUp, change)
        }
    }

    func knows(_ webhook: String) -> Bool { byWebhook[webhook] != nil }

    /// Whether a change was heard of, by webhook or stream.
    func knows(change: Int64) -> Bool { byChange[change] != nil }

    /// Changes that were told to this app's webhook and did not come to it.
    package struct Gap: Sendable, Equatable {
        /// The last change before it.
        package let after: Int64
        /// The first change behind it, by which the gap is known.
        package let before: Int64
    }

    /// The first gap in the event numbers, counted from the first that came, that no stream has filled yet.
    package var gap: Gap? {
        var last: Notice?
        var change = caughtUp
        var isOpen = false
        for notice in notices.filter({ $0.event != nil }).sorted(by: { ($0.event ?? 0) < ($1.event ?? 0) }) {
            if let event = notice.event, let before = last?.event, event > before + 1 { isOpen = true }
            last = notice
            guard let number = notice.change else { continue }
            if isOpen, number > caughtUp { return Gap(after: change, before: number) }
            isOpen = false
            change = max(change, number)
        }
        return nil
    }

    /// By start and id; entries without a start last.
    package func sorted(from: Date?, to: Date?) -> [AppAppointment] {
        // Sorted again for each page: a list of some thousands, which is asked for seldom.
        appointments.values
            .filter { appointment in
                guard let start = appointment.start else { return from == nil && to == nil }
                return from.map { start >= $0 } ?? true && to.map { start < $0 } ?? true
            }
            .sorted { ($0.start ?? .distantFuture, $0.id) < ($1.start ?? .distantFuture, $1.id) }
    }
}
