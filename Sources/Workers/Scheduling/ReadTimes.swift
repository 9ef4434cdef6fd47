import Foundation
import HL7
import Practice
import Workflow

extension FieldReader {
    /// A reader of one schedule message.
    init(
        schedule message: Message, definition: Definition, rules: WorkflowRules, feed: Feed, practice: PracticeProfile,
        receivedAt: Date, lookUps: CodeLookUps? = nil
    ) {
        self.init(
            message, definition: definition, rules: rules, feed: feed, practice: practice, receivedAt: receivedAt,
            subject: feed.fields[.start] ?? [], lookUps: lookUps)
    }

    // MARK: Time

    /// The zone of the appointment's times: the feed's own, else its location's, else the practice's.
    func appointmentZone() throws(Park) -> TimeZone {
        if feed.zone(of: practice.id) != nil { return zone }
        for path in ["AIL-3.1"] + (feed.fields[.location] ?? []) {
            guard let code = try text(path) else { continue }
            let row = peek(.locations, code)
            return row.flatMap { TimeZone(identifier: $0["zone"]) } ?? zone
        }
        return zone
    }

    struct Times {
        var start: Date?
        var end: Date?
        var flags: Set<AppointmentFlag> = []
    }

    /// Start and end. Where the night of a clock change blurs one of them, the end is as far from the start as the wall
    /// clock says, so that the duration is right.
    func times() throws(Park) -> Times {
        var times = Times()
        guard let (startText, startPath) = try first(.start) else { return times }
        let zone = try appointmentZone()
        guard let start = instant(startText, in: zone) else { throw park(.invalidTime, "\(startPath) holds no time") }
        times.start = start.instant
        if let flag = start.flag { times.flags.insert(flag) }
        if let (endText, endPath) = try first(.end) {
            guard let end = instant(endText, in: zone) else { throw park(.invalidTime, "\(endPath) holds no time") }
            var instant = end.instant
            if start.flag != nil || end.flag != nil, let length = wallSeconds(from: startText, to: endText) {
                instant = start.instant + length
            }
            if instant < start.instant { throw park(.invalidDuration, "\(endPath) is before \(startPath)") }
            if instant > start.instant { times.end = instant }
        }
        if times.end == nil, let length = try duration(), length > 0 { times.end = start.instant + length }
        return times
    }

    private func wallSeconds(from start: String, to end: String) -> TimeInterval? {
        guard let start = DTM(start), let end = DTM(end), start.offsetSeconds == nil, end.offsetSeconds == nil,
            let from = start.epochSeconds(defaultOffset: 0), let to = end.epochSeconds(defaultOffset: 0)
        else { return nil }
        return TimeInterval(to - from)
    }

    private func duration() throws(Park) -> TimeInterval? {
        let units = feed.fields[.durationUnits] ?? []
        for (index, path) in (feed.fields[.duration] ?? []).enumerated() {
            guard let text = try text(path), let number = Double(text), number > 0, number < 1_000_000 else { continue }
            let unit = index < units.count ? try self.text(units[index]) : nil
            if let seconds = Self.seconds(ofUnit: unit) { return number * seconds }
        }
        return nil
    }

    /// Minutes where the message does not say; nil for a word that is no unit of a visit's length.
    static func seconds(ofUnit unit: String?) -> TimeInterval? {
        guard let unit = unit?.lowercased() else { return 60 }
        switch unit {
        case "s", "sec", "secs", "second", "seconds": return 1
        case "m", "min", "mins", "minute", "minutes": return 60
        case "h", "hr", "hrs", "hour", "hours": return 3600
        default: return nil
        }
    }

    // MARK: Patients

    /// One PATIENT group: a PID with what follows it up to the next PID or the resources.
    func patients() -> [Group] { groups(of: "PID", with: ["PD1", "PV1", "PV2"]) }
}
