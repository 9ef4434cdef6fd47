package import HL7

/// Where a message goes. Everything goes somewhere: what cannot be used goes to a queue where it parks in sight.
package struct Route: Sendable, Hashable {
    /// The feed's name, or `unclaimed`.
    package var feed: String
    package var practice: String?
    package var enterprise: String?
    /// Whose queue takes it.
    package var workflow: String
    /// What orders it among others, in plain text: whoever stores it hashes it. Messages of one person share it.
    package var keyMaterial: String
    /// Set when the message cannot be used; the worker parks it under this code.
    package var parkCode: ParkCode?
    /// Whether the sender is told AE instead of AA.
    package var isRefused: Bool

    package static let unclaimed = "unclaimed"
    /// Takes what no workflow accepts, so that it parks in sight.
    package static let fallback = "scheduling"
}

extension Definition {
    /// The route of a message that came in on a listener (`port`: one of `ports`, nil for the gateway's own) or under a
    /// feed's name (HTTP, folder), which then decides.
    package func route(_ message: Message, port: Int?, feedName: String?) -> Route {
        let header = message.header
        let type = header.typeAndEvent
        let workflow = workflowByType[type] ?? Route.fallback
        guard let feed = feed(of: message, port: port, named: feedName) else {
            return unclaimed(workflow, .unknownPractice)
        }
        let value = feed.practicePath.map { message.text($0) ?? "" } ?? ""
        guard let id = feed.practices[value], let practice = practices[id] else {
            return parked(feed, .unknownPractice, workflow)
        }
        var code: ParkCode?
        if workflowByType[type] == nil { code = .unknownType }
        if feed.tapOf != nil { return tapped(feed, practice, message, code) }
        if feed.isProduction, header.processingID == "T" { code = .testMessage }
        return Route(
            feed: feed.name, practice: id, enterprise: practice.enterprise, workflow: workflow,
            keyMaterial: keyMaterial(message, feed, practice), parkCode: code,
            isRefused: code.map(feed.refuses.contains) ?? false)
    }

    /// The route of bytes that are no message that can be read.
    package func routeUnreadable(port: Int?, feedName: String?) -> Route {
        let named =
            feedName.flatMap { source(named: $0) } ?? tap(at: port)
            ?? port.flatMap { port in matchable.first { $0.port == port } }
        guard let named else { return unclaimed(Route.fallback, .unreadable) }
        return parked(named, .unreadable, Route.fallback)
    }

    /// The feed that a message belongs to: the named one, else the one whose port, sender and facility fit most closely.
    package func feed(of message: Message, port: Int?, named name: String?) -> Feed? {
        if let name { return source(named: name) }
        if let tap = tap(at: port) { return tap }
        let sender = message.text("MSH-3.1") ?? ""
        let facility = message.text("MSH-4.1") ?? ""
        var best: (feed: Feed, fit: Int)?
        for feed in matchable {
            guard let fit = feed.fit(sender: sender, facility: facility, port: port) else { continue }
            if best == nil || fit > best?.fit ?? 0 { best = (feed, fit) }
        }
        return best?.feed
    }

    private func unclaimed(_ workflow: String, _ code: ParkCode) -> Route {
        Route(
            feed: Route.unclaimed, practice: nil, enterprise: nil, workflow: workflow,
            keyMaterial: "feed/\(Route.unclaimed)", parkCode: code, isRefused: false)
    }

    private func parked(_ feed: Feed, _ code: ParkCode, _ workflow: String) -> Route {
        Route(
            feed: feed.name, practice: nil, enterprise: nil, workflow: feed.tapOf == nil ? workflow : Route.parity,
            keyMaterial: "feed/\(feed.name)", parkCode: code, isRefused: feed.refuses.contains(code))
    }

    private func tapped(_ tap: Feed, _ practice: PracticeProfile, _ message: Message, _ code: ParkCode?) -> Route {
        Route(
            feed: tap.name, practice: practice.id, enterprise: practice.enterprise, workflow: Route.parity,
            keyMaterial: keyMaterial(message, tap, practice), parkCode: code, isRefused: false)
    }

    /// The person, else the resource, else the appointment, else the feed.
    private func keyMaterial(_ message: Message, _ feed: Feed, _ practice: PracticeProfile) -> String {
        for path in feed.personKey {
            if let person = message.text(path) { return "person/\(practice.enterprise)/\(person)" }
        }
        for path in ["AIP-3.1", "AIG-3.1", "AIL-3.1"] as [Path] {
            if let resource = message.text(path) { return "resource/\(practice.id)/\(resource)" }
        }
        for rule in feed.identifiers {
            if let appointment = message.text(rule.path) { return "appointment/\(practice.id)/\(appointment)" }
        }
        return "feed/\(feed.name)"
    }
}
