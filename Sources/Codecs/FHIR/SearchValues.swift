import Foundation

// How a parameter's text becomes its alternatives, one function a FHIR search type.

extension SearchQuery {
    static func criterion(of name: String, _ value: String, in type: ResourceType, zone: TimeZone) throws(SearchError)
        -> Criterion
    {
        let halves = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let known = SearchParameter.known(for: type)
        guard let parameter = SearchParameter(rawValue: halves[0]), known.contains(parameter) else {
            throw .unknownParameter(
                SearchError.shown(name), known: known.map(\.rawValue) + ["_count", "_cursor", "_format"])
        }
        let modifier = halves.count > 1 ? halves[1] : nil
        let values = split(value, at: ",")
        if values.contains("") { throw .empty(parameter) }
        let match = try match(of: parameter, modifier: modifier, values, in: type, zone: zone)
        return Criterion(parameter: parameter, match: match)
    }

    private static func match(
        of parameter: SearchParameter, modifier: String?, _ values: [String], in type: ResourceType, zone: TimeZone
    ) throws(SearchError) -> Match {
        if parameter.kind == .string {
            let mode = try mode(modifier, of: parameter)
            return .strings(values.map { Text(value: unescaped($0), mode: mode) })
        }
        if parameter.kind == .reference {
            let targets = parameter.targets(in: type)
            return .references(
                try values.mapped { (value) throws(SearchError) in
                    try target(value, modifier: modifier, of: parameter, among: targets)
                })
        }
        if let modifier { throw .modifierNotSupported(parameter, SearchError.shown(modifier)) }
        if parameter == .id { return .ids(values.map(unescaped)) }
        if parameter == .birthdate {
            return .days(try values.mapped { (value) throws(SearchError) in try days(value, of: parameter) })
        }
        if parameter.kind == .date {
            return .instants(
                try values.mapped { (value) throws(SearchError) in try instants(value, of: parameter, zone: zone) })
        }
        let tokens = try values.mapped { (value) throws(SearchError) in try token(value, of: parameter) }
        guard let codes = parameter.codes(in: type) else { return .tokens(tokens) }
        return .codes(
            try tokens.mapped { (token) throws(SearchError) in
                guard let code = token.code, codes.known.contains(code), [nil, codes.system].contains(token.system)
                else { throw .unknownCode(parameter, known: codes.known) }
                return code
            })
    }

    // MARK: Strings, references, tokens

    private static func mode(_ modifier: String?, of parameter: SearchParameter) throws(SearchError) -> Text.Mode {
        switch modifier {
        case nil: .prefix
        case "contains": .contains
        case "exact": .exact
        case let other?: throw .modifierNotSupported(parameter, SearchError.shown(other))
        }
    }

    /// `Patient/7`, `https://host/fhir/Patient/7`, `7`, or with the type as the modifier, `actor:Patient=7`.
    private static func target(
        _ value: String, modifier: String?, of parameter: SearchParameter, among targets: [ResourceType]
    ) throws(SearchError) -> Target {
        var stated: ResourceType?
        if let modifier {
            guard let type = ResourceType(rawValue: modifier), targets.contains(type) else {
                throw .modifierNotSupported(parameter, SearchError.shown(modifier))
            }
            stated = type
        }
        let parts = unescaped(value).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let id = parts.last, isID(id) else { throw .badReference(parameter, targets: targets) }
        if parts.count > 1 {
            guard let type = ResourceType(rawValue: parts[parts.count - 2]), targets.contains(type),
                stated == nil || stated == type
            else { throw .badReference(parameter, targets: targets) }
            stated = type
        }
        return Target(type: stated ?? (targets.count == 1 ? targets[0] : nil), id: id)
    }

    private static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }

    private static func token(_ value: String, of parameter: SearchParameter) throws(SearchError) -> Token {
        let halves = split(value, at: "|").map(unescaped)
        switch halves.count {
        case 1: return Token(system: nil, code: halves[0])
        case 2 where halves != ["", ""]: return Token(system: halves[0], code: halves[1].filled)
        default: throw .badToken(parameter)
        }
    }

    // MARK: Dates

    private enum Prefix: String { case eq, ne, gt, ge, lt, le, sa, eb }

    /// sa and eb say of an instant what gt and lt do.
    private static func prefixed(_ value: String, of parameter: SearchParameter) throws(SearchError) -> (
        Prefix, Moment
    ) {
        var text = value
        var prefix = Prefix.eq
        if let first = value.utf8.first, !(0x30...0x39).contains(first) {
            guard let known = Prefix(rawValue: String(value.prefix(2))) else {
                throw .prefixNotSupported(parameter, SearchError.shown(String(value.prefix(2))))
            }
            prefix = known
            text = String(value.dropFirst(2))
        }
        guard let moment = Moment(text) else { throw .badDate(parameter) }
        return (prefix, moment)
    }

    private static func bounds<Point>(_ prefix: Prefix, _ start: Point, _ end: Point) -> (Point?, Point?, Bool) {
        switch prefix {
        case .eq: (start, end, false)
        case .ne: (start, end, true)
        case .gt, .sa: (end, nil, false)
        case .ge: (start, nil, false)
        case .lt, .eb: (nil, start, false)
        case .le: (nil, end, false)
        }
    }

    private static func instants(_ value: String, of parameter: SearchParameter, zone: TimeZone)
        throws(SearchError) -> InstantRange
    {
        let (prefix, moment) = try prefixed(value, of: parameter)
        guard let range = moment.range(zone: zone) else { throw .badDate(parameter) }
        let (from, before, isNegated) = bounds(prefix, range.lowerBound, range.upperBound)
        return InstantRange(from: from, before: before, isNegated: isNegated)
    }

    private static func days(_ value: String, of parameter: SearchParameter) throws(SearchError) -> DayRange {
        let (prefix, moment) = try prefixed(value, of: parameter)
        guard let end = moment.dayAfter else { throw .badDate(parameter) }
        let (from, before, isNegated) = bounds(prefix, moment.day, end)
        return DayRange(from: from, before: before, isNegated: isNegated)
    }

    // MARK: Escapes (R4 3.1.1.4.0.1: \, \| \$ \\)

    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if character == separator && !isEscaped {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return parts
    }

    private static func unescaped(_ text: String) -> String {
        var plain = ""
        var isEscaped = false
        for character in text {
            if character == "\\" && !isEscaped {
                isEscaped = true
            } else {
                plain.append(character)
                isEscaped = false
            }
        }
        return plain
    }
}

extension Moment {
    /// From the first instant that the text can mean to the first that it cannot. Nil past the calendar's end.
    func range(zone: TimeZone) -> Range<Date>? {
        switch precision {
        case .year, .month, .day:
            guard let after = dayAfter else { return nil }
            return startOfDay(day, in: zone)..<startOfDay(after, in: zone)
        case .minute, .second:
            guard let start = offsetSeconds.flatMap({ date(offsetSeconds: $0) }) ?? date(in: zone) else { return nil }
            let length = precision == .minute ? 60 : fractionDigits == 0 ? 1 : pow(0.1, Double(fractionDigits))
            return start..<start.addingTimeInterval(length)
        }
    }

    /// The day after the last that the text can mean.
    var dayAfter: CalendarDate? {
        switch precision {
        case .year: CalendarDate(year: day.year + 1, month: 1, day: 1)
        case .month:
            day.month == 12
                ? CalendarDate(year: day.year + 1, month: 1, day: 1)
                : CalendarDate(year: day.year, month: day.month + 1, day: 1)
        case .day, .minute, .second: day.year < 9999 ? CalendarDate(daysSince1970: day.daysSince1970 + 1) : nil
        }
    }

    /// The earlier of two readings, so that a range that starts there misses nothing.
    private func date(in zone: TimeZone) -> Date? {
        date(offsetSeconds: 0).map { zone.earliestInstant(atWall: $0) }
    }

    private func startOfDay(_ day: CalendarDate, in zone: TimeZone) -> Date {
        zone.earliestInstant(atWall: Date(timeIntervalSince1970: Double(day.daysSince1970) * 86_400))
    }
}

extension TimeZone {
    /// The first instant whose wall clock here shows `wall` (given as if the zone were UTC) or, where it is skipped, the
    /// instant of the skip.
    fileprivate func earliestInstant(atWall wall: Date) -> Date {
        // Offsets in force the day before and the day after: their change, if any, is what lies between.
        let before = secondsFromGMT(for: wall.addingTimeInterval(-86_400))
        let after = secondsFromGMT(for: wall.addingTimeInterval(86_400))
        let readings = [before, after].map { wall.addingTimeInterval(-Double($0)) }
            .filter { $0.addingTimeInterval(Double(secondsFromGMT(for: $0))) == wall }
        if let first = readings.min() { return first }
        return change(after: wall.addingTimeInterval(-Double(before) - 86_400), before: wall.addingTimeInterval(86_400))
    }

    /// The second at which the offset changes, by halving: Foundation tells only of changes to and from summer time.
    private func change(after low: Date, before high: Date) -> Date {
        var low = low.timeIntervalSince1970.rounded(.down)
        var high = high.timeIntervalSince1970.rounded(.down)
        let first = secondsFromGMT(for: Date(timeIntervalSince1970: low))
        while high - low > 1 {
            let middle = ((low + high) / 2).rounded(.down)
            if secondsFromGMT(for: Date(timeIntervalSince1970: middle)) == first { low = middle } else { high = middle }
        }
        return Date(timeIntervalSince1970: high)
    }
}

extension Array {
    /// `map` that keeps the type of what it throws.
    fileprivate func mapped<Result, Failure: Error>(_ transform: (Element) throws(Failure) -> Result) throws(Failure)
        -> [Result]
    {
        var results: [Result] = []
        results.reserveCapacity(count)
        for element in self { results.append(try transform(element)) }
        return results
    }
}
