import Foundation
import Postgres
import Practice

/// As of when each source of a comparison speaks, and why one does not.
struct RunSources: Sendable {
    /// One side's own list, as the comparison had it.
    struct Reading: Sendable {
        /// When it was made; nil where it was not read.
        let asOf: Date?
        /// Why it was not read, from a closed set and with the line of a file; nil where there is none to read.
        let problem: String?
        let since: Date?
        /// Days of the window that it does not speak of.
        let lacks: [CalendarDay]
        /// How many rows could not be read, and what is wrong with the first, as `problem`.
        let unread: Int
        let firstUnread: String?
    }

    struct Feed: Sendable {
        let name: String
        let last: Date?
        let silentSince: Date?
        /// Whether it is expected to speak at all.
        let isAwaited: Bool
    }

    let pm: Reading
    let appList: Reading
    let feed: Date?
    let feeds: [Feed]
    let feedIsSilent: Bool
    let appName: String?

    init(_ json: JSONValue) {
        pm = Reading(json, "pm")
        appList = Reading(json, "app")
        feed = json["feed"]?.instant
        feeds = (json["feeds"]?.members ?? []).compactMap { feed in
            feed["name"]?.text.map {
                Feed(
                    name: $0, last: feed["last"]?.instant, silentSince: feed["silentSince"]?.instant,
                    isAwaited: feed["isAwaited"].map(\.isTrue) ?? true)
            }
        }
        feedIsSilent = json["feedIsSilent"]?.isTrue == true
        appName = json["clientName"]?.text
    }

    var readNothing: Bool { pm.asOf == nil && appList.asOf == nil }
}

extension RunSources.Reading {
    fileprivate init(_ json: JSONValue, _ name: String) {
        asOf = json[name]?.instant
        problem = json["\(name)Problem"]?.text
        since = json["\(name)ProblemSince"]?.instant
        lacks = (json["\(name)Lacks"]?.members ?? []).compactMap { $0.text.flatMap(CalendarDay.init) }
        unread = json["\(name)Unread"]?.integer ?? 0
        firstUnread = json["\(name)UnreadFirst"]?.text
    }
}
