import Practice

/// What a practice's file says of when it is open, when a feed's silence matters, and who is told.
extension Section {
    /// `hours: {mon-fri: "08:00-12:00", sat: closed}` with `holidays: [2026-12-25]`. Without hours: always open. A day
    /// that the hours do not name is closed.
    func openingHours() -> OpeningHours {
        let holidays = Set(
            (list("holidays") ?? []).compactMap { value -> Day? in
                if let day = Day(value.text) { return day }
                problems.add(file, value.line, "\"holidays\" takes days such as 2026-12-25")
                return nil
            })
        guard let hours = section("hours") else { return OpeningHours(holidays: holidays) }
        var days: [[Range<Int>]] = Array(repeating: [], count: 7)
        for key in hours.keys {
            guard let weekdays = OpeningHours.weekdays(key.text) else {
                problems.unknown("weekday", key.text, among: OpeningHours.weekdays, file, key.line)
                continue
            }
            let stretches = (hours.list(key.text) ?? []).filter { $0.text != "closed" }.compactMap {
                value -> Range<Int>? in
                if let stretch = OpeningHours.stretch(value.text) { return stretch }
                problems.add(file, value.line, "\"hours\" takes stretches such as \"08:00-17:00\", or closed")
                return nil
            }
            for day in weekdays { days[day] = stretches.sorted { $0.lowerBound < $1.lowerBound } }
        }
        return OpeningHours(days: days, holidays: holidays)
    }

    /// `silent-after: learned`, `never`, or minutes of open hours.
    func silentAfter() -> Rhythm.Declared {
        guard let value = scalar("silent-after") else { return .learned }
        switch value.text {
        case "learned": return .learned
        case "never": return .never
        default:
            if let minutes = Int(value.text), (1...10_080).contains(minutes) { return .after(Double(minutes) * 60) }
            problems.add(file, value.line, "\"silent-after\" takes learned, never, or a number of minutes")
            return .learned
        }
    }

    /// `alarms: {mail: [office@example.org]}`.
    func alarmMail() -> [String] {
        guard let alarms = section("alarms") else { return [] }
        alarms.allow(["mail"])
        return (alarms.list("mail") ?? []).compactMap { value in
            if Self.isAddress(value.text) { return value.text }
            problems.add(file, value.line, "\"mail\" takes addresses such as office@example.org")
            return nil
        }
    }

    /// An address that can stand in an envelope and a header as it is (RFC 5321, 4.1.2, without quoted local parts).
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-/=?^_`{|}~.@".utf8.contains(byte)
                }
            }
    }
}
