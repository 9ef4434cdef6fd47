import Foundation
import Practice

/// What each side says of one appointment, as a finding keeps it: the PM's entries, our record, the booking app's entries,
/// each without names and numbers of a patient but for initials and the last four of the chart number.
struct FindingSides {
    enum Name: String, CaseIterable {
        case pm, here, app
        /// With whom it shares a time that only one of them has.
        case others

        var title: String {
            switch self {
            case .pm: "The PM's own list"
            case .here: "Here"
            case .app: "The booking app"
            case .others: "At the same time"
            }
        }
    }

    struct Side {
        let name: Name
        let title: String
        fileprivate let fields: [String: JSONValue]
        var isThere: Bool { !fields.isEmpty }
    }

    /// One field across the sides.
    struct Row {
        let label: String
        let cells: [Cell]
        let differs: Bool
    }

    struct Cell {
        let title: String
        let text: String
    }

    let all: [Side]
    private let time: PracticeTime
    private let now: Date

    /// - Parameter text: JSON, an object of `pm`, `here`, `app`.
    init(_ text: String, _ time: PracticeTime, now: Date) {
        let object = JSONValue(text)
        all = Name.allCases.flatMap { name -> [Side] in
            let members = object[name.rawValue]?.members ?? []
            if members.isEmpty, name == .others { return [] }
            if members.isEmpty { return [Side(name: name, title: name.title, fields: [:])] }
            return members.enumerated().map { index, member in
                Side(
                    name: name, title: index == 0 ? name.title : "\(name.title), entry \(index + 1)",
                    fields: member.object)
            }
        }
        self.time = time
        self.now = now
    }

    /// Initials and the last four of the chart number, and nothing else of a patient.
    var patient: String {
        let display = all.lazy.filter { $0.name != .others }.compactMap { $0.fields["display"] }.first
        let initials = display?["initials"]?.words ?? ""
        let last4 = display?["last4"]?.words ?? ""
        let parts = [initials.prefix(6), last4.isEmpty ? "" : "…\(last4.suffix(4))"].filter { !$0.isEmpty }
        return parts.isEmpty ? "no patient" : parts.joined(separator: " ")
    }

    /// When it is, by the first side that says so.
    var start: Moment? {
        all.lazy.compactMap { $0.fields["start"]?.instant }.first.map { Moment($0, time, now: now, isDated: true) }
    }

    /// One side in a line: when, in which state, with whom.
    func summary(_ name: Name) -> String {
        let entries = all.filter { $0.name == name && $0.isThere }
        if entries.isEmpty { return "not there" }
        return entries.map { entry in
            ["start", "status", "resource"].map { text(entry.fields[$0], $0) }.filter { !$0.isEmpty }
                .joined(separator: ", ")
        }.joined(separator: "; ")
    }

    /// Every field that any side has. One that a side lacks as a whole does not differ field by field.
    var rows: [Row] {
        let names = Set(all.flatMap { $0.fields.keys }).subtracting(["display"])
        return names.sorted { Self.rank($0) < Self.rank($1) }.map { name in
            let texts = all.map { side in side.isThere ? text(side.fields[name], name) : nil }
            // Each side has its own id and its own time of change.
            let mayDiffer = !["reference", "version", "changedAt", "sourceStatus"].contains(name)
            // What a side does not say is no difference.
            let said = Set(zip(all, texts).filter { $0.0.name != .others }.compactMap(\.1).filter { !$0.isEmpty })
            return Row(
                label: Self.labels[name] ?? Words.plain(name),
                cells: zip(all, texts).map { side, text in
                    Cell(title: side.title, text: text.map { $0.isEmpty ? "(not given)" : $0 } ?? "(not there)")
                },
                differs: mayDiffer && said.count > 1)
        }
    }

    private func text(_ value: JSONValue?, _ name: String) -> String {
        guard let value else { return "" }
        if ["start", "end", "changedAt"].contains(name), let instant = value.instant {
            return time.wall(at: Date(timeIntervalSince1970: instant.timeIntervalSince1970.rounded(.down))).description
        }
        return value.words
    }

    private static let order = [
        "start", "end", "status", "sourceStatus", "resource", "location", "reference", "version", "changedAt",
    ]

    private static func rank(_ name: String) -> String {
        order.firstIndex(of: name).map(String.init) ?? "z\(name)"
    }

    private static let labels = [
        "start": "Start", "end": "End", "status": "Status", "sourceStatus": "Status in their words",
        "resource": "With", "location": "Location", "reference": "Known there as", "version": "Version",
        "changedAt": "Changed",
    ]
}
