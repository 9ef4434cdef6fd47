package import Foundation

/// From when a practice is held to agree: one instant, or one a workflow, for a workflow goes live alone.
package struct GoLive: Sendable, Hashable {
    private let every: Date?
    private let each: [String: Date]

    package static let always = GoLive(every: nil, each: [:])

    private init(every: Date?, each: [String: Date]) {
        self.every = every
        self.each = each
    }

    /// `go-live: INSTANT`, or `go-live: {scheduling: INSTANT}`.
    init(_ section: Section, key: String, workflows: [String]) {
        if section.isMapping(key), let stated = section.section(key) {
            stated.allow(workflows)
            self.init(
                every: nil,
                each: Dictionary(
                    uniqueKeysWithValues: workflows.compactMap { name in
                        stated.instant(name).map { (name, $0) }
                    }))
        } else {
            self.init(every: section.instant(key), each: [:])
        }
    }

    /// Nothing that is over before it, and nothing while it is still to come, is accused. Nil: live all along.
    package func of(_ workflow: String) -> Date? { each[workflow] ?? every }
}

extension Section {
    fileprivate func instant(_ key: String) -> Date? {
        scalar(key).flatMap { value in
            if let instant = try? Date(value.text, strategy: .iso8601) { return instant }
            problems.add(file, value.line, "\"\(key)\" takes an instant such as 2026-12-01T00:00:00-06:00")
            return nil
        }
    }
}
