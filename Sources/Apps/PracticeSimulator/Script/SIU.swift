import HL7

/// Writes a step as the message that NextGen's Rosetta would send: version 2.3, 17 digits without a zone, the
/// provider in PV1-7, the place in AIL-3, the status in SCH-25 and AIL-12.
struct SIU {
    let facility: String
    let practice: String
    let at: LocalTime
    let controlID: String
    let event: String
    /// MSH-11.2: an initial load.
    var isLoad = false
    /// MSH-3.
    var sender = "NextGen Rosetta"

    /// `word` and `place` are codes that a fault puts in place of the entry's own.
    func bytes(
        of entry: BookEntry, act: Step.Act, provider: Provider?, crlf: Bool, word: String? = nil, place: String? = nil
    ) -> [UInt8] {
        let status = entry.isBlock ? (act == .blocked ? "BLOCKED" : "") : word ?? entry.status.rawValue
        let place = place ?? entry.location
        var message = MessageBuilder()
        message.segment("MSH", header)
        message.segment("SCH", schedule(entry, act: act, status: status))
        if let person = entry.person {
            message.segment("PID", identity(person, chart: entry.hasChart))
            message.segment("PV1", visit(entry, provider: provider, place: place))
        } else {
            message.segment("RGS", [1: "1"])
            message.segment(
                "AIP",
                [
                    1: "1", 2: "A", 3: name(provider), 6: .text(entry.start.twelveDigits),
                    9: .text("\(entry.minutes)"), 10: "min",
                ])
        }
        message.segment(
            "AIL",
            [
                1: "1", 2: "A", 3: .text(place), 4: ["", "Place"], 6: .text(entry.start.twelveDigits),
                12: .text(status),
            ])
        guard crlf else { return message.bytes }
        return message.bytes.flatMap { $0 == 0x0D ? [0x0D, 0x0A] : [$0] }
    }

    private var header: [Int: Field] {
        [
            3: .text(sender), 4: [.text(facility), .text(practice)], 5: "Billing System",
            6: "Billing System",
            7: .text(at.seventeenDigits), 9: ["SIU", .text(event)], 10: .text(controlID),
            11: isLoad ? ["P", "I"] : "P", 12: "2.3",
        ]
    }

    private func schedule(_ entry: BookEntry, act: Step.Act, status: String) -> [Int: Field] {
        var placer = ""
        var filler = entry.id
        switch entry.person?.ids ?? .filler {
        case .filler: break
        case .none: filler = ""
        case .traded: if act == .booked { (placer, filler) = (entry.id, "") }
        }
        let type: Field = [.text(entry.event), .text(entry.event)]
        let clerk: Field = ["2295", "Clerk", "Front"]
        return [
            1: .text(placer), 2: .text(filler), 4: .text(entry.bundle ?? ""),
            6: type, 8: type, 9: .text("\(entry.minutes)"),
            10: "minutes", 11: ["", "", "", .text(entry.start.twelveDigits), .text(entry.end.twelveDigits)],
            16: clerk, 20: clerk, 24: .text(entry.replaces ?? ""), 25: .text(status),
        ]
    }

    private func identity(_ person: Person, chart: Bool) -> [Int: Field] {
        [
            1: "1", 2: .text("\(person.number)"),
            3: chart ? [.text(person.mrn), "", "", "NextGen Clinic", "MR"] : "",
            4: .repeated([[.text(person.guid)], [.text("\(person.number % 9973)")]]),
            5: [.text(person.family), .text(person.given)], 7: .text(person.birth.compact), 8: .text(person.sex),
            10: ["", "White"],
            11: [.text(person.street), "", "Springfield", "IL", "62701", "USA", "", "", "SANGAMON"],
            13: .repeated([
                ["", "PRN", "PH", "", "", "217", .text(person.phone)],
                ["", "NET", "Internet", .text("zz\(person.number)@example.org")],
            ]),
            15: ["", "English"], 16: "S", 22: ["", "Not Hispanic or Latino"], 30: "N",
        ]
    }

    private func visit(_ entry: BookEntry, provider: Provider?, place: String) -> [Int: Field] {
        [
            1: "1", 2: "O", 3: .text(place), 7: name(provider), 19: .text(entry.visit ?? ""),
            44: .text(entry.start.twelveDigits), 50: .text(entry.visit ?? ""),
        ]
    }

    private func name(_ provider: Provider?) -> Field {
        provider.map { [.text($0.code), .text($0.family), .text($0.given)] } ?? ""
    }
}
