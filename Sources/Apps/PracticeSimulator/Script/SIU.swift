/// Writes a step as the message that NextGen's Rosetta would send: version 2.3, 17 digits without a zone, the
/// provider in PV1-7, the place in AIL-3, the status in SCH-25 and AIL-12.
struct SIU {
    let practice: String
    let seventeen: String
    let controlID: String
    let event: String

    /// `wordOverride` and `placeOverride` are codes that a fault puts in place of the entry's own.
    func bytes(
        of entry: BookEntry, act: Step.Act, provider: Provider, crlf: Bool, word: String? = nil, place: String? = nil
    ) -> [UInt8] {
        let status = word ?? entry.status.rawValue
        let place = place ?? entry.location
        var segments = [header, schedule(entry, act: act, status: status)]
        if let person = entry.person {
            segments.append(identity(person, chart: entry.hasChart))
            segments.append(visit(entry, provider: provider, place: place))
        } else {
            segments.append(Segment("RGS", [1: "1"]))
            segments.append(
                Segment(
                    "AIP",
                    [1: "1", 2: "A", 3: xcn(provider), 6: entry.start.twelveDigits, 9: "\(entry.minutes)", 10: "min"]))
        }
        segments.append(
            Segment(
                "AIL",
                [
                    1: "1", 2: "A", 3: escaped(place), 4: "^Place", 6: entry.start.twelveDigits,
                    12: entry.isBlock ? "" : escaped(status),
                ]))
        return Array(segments.map { $0.text + (crlf ? "\r\n" : "\r") }.joined().utf8)
    }

    private var header: Segment {
        // MSH-1 is the separator itself, so that field n stands at n - 1.
        Segment(
            "MSH",
            [
                1: "^~\\&", 2: "NextGen Rosetta", 3: "NextGen Clinic^\(practice)", 4: "Billing System",
                5: "Billing System", 6: seventeen, 8: "SIU^\(event)", 9: controlID, 10: "P", 11: "2.3",
            ])
    }

    private func schedule(_ entry: BookEntry, act: Step.Act, status: String) -> Segment {
        var placer = ""
        var filler = entry.id
        switch entry.person?.ids ?? .filler {
        case .filler: break
        case .none: filler = ""
        case .traded: if act == .booked { (placer, filler) = (entry.id, "") }
        }
        let type = "\(entry.event)^\(entry.event)"
        let clerk = "2295^Clerk^Front"
        return Segment(
            "SCH",
            [
                1: placer, 2: filler, 4: entry.bundle ?? "",
                6: act == .cancelled ? escapedComponents(entry.cancelReason ?? "") : type, 8: type,
                9: "\(entry.minutes)", 10: "minutes",
                11: "^^^\(entry.start.twelveDigits)^\(entry.end.twelveDigits)", 16: clerk, 20: clerk,
                24: entry.replaces ?? "", 25: entry.isBlock ? "" : escaped(status),
            ])
    }

    private func identity(_ person: Person, chart: Bool) -> Segment {
        Segment(
            "PID",
            [
                1: "1", 2: "\(person.number)", 3: chart ? "\(person.mrn)^^^NextGen Clinic^MR" : "",
                4: "\(person.guid)~\(person.number % 9973)", 5: "\(escaped(person.family))^\(escaped(person.given))",
                7: person.birth.compact, 8: person.sex, 10: "^White",
                11: "\(escaped(person.street))^^Springfield^IL^62701^USA^^^SANGAMON",
                13: "^PRN^PH^^^217^\(person.phone)~^NET^Internet^zz\(person.number)@example.org",
                15: "^English", 16: "S", 22: "^Not Hispanic or Latino", 30: "N",
            ])
    }

    private func visit(_ entry: BookEntry, provider: Provider, place: String) -> Segment {
        Segment(
            "PV1",
            [
                1: "1", 2: "O", 3: escaped(place), 7: xcn(provider), 19: entry.visit ?? "",
                44: entry.start.twelveDigits, 50: entry.visit ?? "",
            ])
    }

    private func xcn(_ provider: Provider) -> String { "\(provider.npi)^\(provider.family)^\(provider.given)" }

    private func escapedComponents(_ text: String) -> String {
        text.split(separator: "^", omittingEmptySubsequences: false).map { escaped(String($0)) }.joined(separator: "^")
    }

    private func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\E\\"
            case "|": out += "\\F\\"
            case "^": out += "\\S\\"
            case "&": out += "\\T\\"
            case "~": out += "\\R\\"
            default: out.append(character)
            }
        }
        return out
    }
}

/// A segment from its fields by number, without trailing empty ones.
private struct Segment {
    let text: String

    init(_ name: String, _ fields: [Int: String]) {
        let last = fields.filter { !$0.value.isEmpty }.keys.max() ?? 0
        text = ([name] + (0..<last).map { fields[$0 + 1] ?? "" }).joined(separator: "|")
    }
}
