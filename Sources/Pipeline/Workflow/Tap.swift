// A tap hears what a replaced interface tells a booking app, so that it can be compared with what we would tell. Its
// messages are journaled and acknowledged; they never reach the record, and nobody is told of them.

extension Route {
    /// The queue of what taps hear.
    package static let parity = "parity"
}

extension Feed {
    static let tapKeys = keys.filter { $0 != "feed" && $0 != "refuse" } + ["tap", "destination"]
}

extension Definition {
    /// The feed or the tap of this name.
    package func source(named name: String) -> Feed? { feeds[name] ?? taps[name] }

    /// The folders that are watched, each with its feed's or tap's name. Relative ones are under the data folder.
    package var folders: [(folder: String, feed: String)] {
        (Array(feeds.values) + Array(taps.values)).compactMap { feed in feed.folder.map { ($0, feed.name) } }
            .sorted { $0.feed < $1.feed }
    }

    /// The tap whose own port this is: whatever the message says, it was told to somebody else.
    func tap(at port: Int?) -> Feed? {
        guard let port else { return nil }
        return taps.values.first { $0.port == port }
    }

    static func taps(
        _ sections: [Section], feeds: [String: Feed], profiles: Profiles, _ workflow: WorkflowRules?,
        _ problems: Problems
    ) -> [String: Feed] {
        var taps: [String: Feed] = [:]
        for section in sections {
            guard let practice = section.scalar("practice")?.text else { continue }
            let destinations = (section.sections("destinations") ?? []).compactMap { $0.scalar("name")?.text }
            for stated in section.sections("taps") ?? [] {
                guard
                    let tap = Feed(
                        stated, practice: practice, profiles: profiles, workflow: workflow, isTap: true)
                else { continue }
                func add(_ text: String, at key: String = "tap") {
                    problems.add(section.file, stated.line(of: key), text)
                }
                if feeds[tap.name] != nil || taps[tap.name] != nil { add("\"\(tap.name)\" is the name of another") }
                if tap.port == nil && tap.folder == nil { add("a tap has a \"port\" or a \"folder\" of its own") }
                let taken = (Array(feeds.values) + Array(taps.values)).first { $0.port != nil && $0.port == tap.port }
                if let taken { add("the port is \"\(taken.name)\"'s already", at: "port") }
                if let destination = tap.tapOf, !destinations.isEmpty, !destinations.contains(destination) {
                    problems.unknown(
                        "destination", destination, among: destinations, section.file, stated.line(of: "destination"))
                }
                taps[tap.name] = tap
            }
        }
        return taps
    }
}
