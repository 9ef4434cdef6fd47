import Foundation
import HL7
import Practice
import Workflow

/// Writes a message anew with nothing of a patient in it: what the standard keeps for codes is taken over where the study
/// finds that it is one, each identifier, name, number and date is made up (the same for the same, so that a case's
/// messages belong together), and everything else is left out. A list of what is let through, not of what is kept back.
struct Pseudonyms {
    private let mayKeep: (String) -> Bool
    private var made: [String: String] = [:]
    private var people: [UInt64: Int] = [:]
    private var starts: [String: Int] = [:]
    private var count = 0

    /// - Parameter mayKeep: whether a text is a code of the practice's and no patient's.
    init(mayKeep: @escaping (String) -> Bool) { self.mayKeep = mayKeep }

    mutating func rewrite(_ bytes: [UInt8]) -> [UInt8]? {
        guard let message = try? Message(bytes), message.segment("MSH") != nil else { return nil }
        count += 1
        var result = MessageBuilder()
        for segment in message.segments {
            switch segment.name {
            case "MSH": result.segment("MSH", header(message))
            case "EVN": result.segment("EVN", event(segment))
            case "SCH": result.segment("SCH", schedule(segment))
            case "TQ1":
                result.segment("TQ1", [1: "1", 7: start(segment, 7), 8: end(segment, 8, from: segment.text(7))])
            case "PID": result.segment("PID", patient(segment))
            case "PV1": result.segment("PV1", visit(segment))
            case "RGS": result.segment("RGS", [1: "1", 2: action(segment)])
            case "AIS":
                result.segment(
                    "AIS",
                    [
                        1: "1", 2: action(segment), 3: coded(segment, 3), 4: start(segment, 4), 7: number(segment, 7),
                        8: unit(segment, 8), 10: coded(segment, 10),
                    ])
            case "AIG":
                result.segment(
                    "AIG",
                    [
                        1: "1", 2: action(segment), 3: coded(segment, 3), 8: start(segment, 8), 11: number(segment, 11),
                        12: unit(segment, 12), 14: coded(segment, 14),
                    ])
            case "AIL", "AIP":
                result.segment(
                    segment.name,
                    [
                        1: "1", 2: action(segment), 3: segment.name == "AIP" ? provider(segment, 3) : coded(segment, 3),
                        6: start(segment, 6), 9: number(segment, 9), 10: unit(segment, 10), 12: coded(segment, 12),
                    ])
            default: continue
            }
        }
        return result.bytes
    }

    // MARK: Segments

    private mutating func header(_ message: Message) -> [Int: Field] {
        let minute = Self.two(count % 60)
        return [
            3: system(message, 3), 4: system(message, 4), 5: "PMSYNC", 6: "HUB",
            7: .text(like(message.text("MSH-7") ?? "", "2027020108\(minute)00000")),
            9: .components([.text(message.text("MSH-9.1") ?? ""), .text(message.text("MSH-9.2") ?? "")]),
            10: .text("LEARNT\(count)"),
            11: Self.filled([short(message.text("MSH-11.1")), short(message.text("MSH-11.2"))]),
            12: .text(short(message.text("MSH-12"))), 18: .text(message.charset == .ascii ? "" : "UNICODE UTF-8"),
        ]
    }

    /// The sender's own name for itself: it tells the feed.
    private func system(_ message: Message, _ field: Int) -> Field {
        guard let segment = message.segment("MSH") else { return "" }
        return Self.filled((1...3).map { segment.text(field, component: $0) ?? "" })
    }

    /// Components without the empty ones at the end.
    private static func filled(_ texts: [String]) -> Field {
        let last = texts.lastIndex { !$0.isEmpty } ?? 0
        return .components(texts[...last].map { .text($0) })
    }

    private mutating func event(_ segment: Segment) -> [Int: Field] {
        [
            1: .text(short(segment.text(1))),
            2: segment.text(2).map { .text(like($0, "2027020108\(Self.two(count % 60))00000")) } ?? "",
        ]
    }

    private mutating func schedule(_ segment: Segment) -> [Int: Field] {
        var fields: [Int: Field] = [
            1: identifier(segment, 1), 2: identifier(segment, 2), 4: identifier(segment, 4), 6: coded(segment, 6),
            7: coded(segment, 7),
            8: coded(segment, 8), 9: number(segment, 9), 10: unit(segment, 10), 15: provider(segment, 15),
            23: identifier(segment, 23), 24: identifier(segment, 24), 25: coded(segment, 25),
            26: identifier(segment, 26),
            27: identifier(segment, 27),
        ]
        if let start = segment.text(11, component: 4) {
            let end = segment.text(11, component: 5).map { madeEnd($0, from: start) } ?? ""
            fields[11] = ["", "", "", .text(madeStart(start)), .text(end)]
        }
        return fields
    }

    private mutating func patient(_ segment: Segment) -> [Int: Field] {
        let who = person(segment)
        var fields: [Int: Field] = [
            1: "1", 5: ["DRAFTED", .text(Self.given[who % Self.given.count])], 7: "19800101",
            8: who.isMultiple(of: 2) ? "F" : "M",
        ]
        for field in [2, 3, 4, 18] { fields[field] = identifier(segment, field) }
        let repetitions = segment.repetitions(13)
        if repetitions > 0 {
            fields[13] = .repeated(
                (1...min(4, repetitions)).map { repetition in
                    let isMail = segment.text(13, repetition: repetition, component: 4)?.contains("@") == true
                    return isMail
                        ? ["", "NET", "Internet", .text("drafted\(who)@example.org")]
                        : [.text("555-010\(who % 10)"), "PRN", "PH"]
                })
        }
        return fields
    }

    private mutating func visit(_ segment: Segment) -> [Int: Field] {
        [
            1: "1", 2: .text(short(segment.text(2))), 3: coded(segment, 3), 7: provider(segment, 7),
            19: identifier(segment, 19), 39: coded(segment, 39), 50: identifier(segment, 50),
        ]
    }

    // MARK: Parts

    /// Codes and their words, as far as they may be kept; a code that may not be is told by a letter.
    private mutating func coded(_ segment: Segment, _ field: Int) -> Field {
        let parts = (1...9).map { segment.text(field, component: $0) ?? "" }
        if parts.allSatisfy(\.isEmpty) { return "" }
        let last = parts.lastIndex { !$0.isEmpty } ?? 0
        return .components(
            (0...last).map { index in
                let text = parts[index]
                if text.isEmpty || mayKeep(text) { return .text(text) }
                return .text(index == 0 ? invented(text, "CODE") : "")
            })
    }

    /// A provider's code, and a made-up name.
    private mutating func provider(_ segment: Segment, _ field: Int) -> Field {
        guard let code = segment.text(field) else { return "" }
        return [.text(mayKeep(code) ? code : invented(code, "PROV")), "EXAMPLE", "PROVIDER"]
    }

    /// Every repetition of an identifier, with its type; its authority becomes a made-up one.
    private mutating func identifier(_ segment: Segment, _ field: Int) -> Field {
        let repetitions = segment.repetitions(field)
        guard repetitions > 0 else { return "" }
        var result: [[Field.Component]] = []
        for repetition in 1...min(6, repetitions) {
            guard let value = segment.text(field, repetition: repetition) else {
                result.append([""])
                continue
            }
            var parts: [Field.Component] = [.text(invented(value, "9000"))]
            if segment.name == "PID" {
                let hasAuthority = segment.text(field, repetition: repetition, component: 4) != nil
                let type = segment.text(field, repetition: repetition, component: 5) ?? ""
                if hasAuthority || !type.isEmpty {
                    parts += ["", "", hasAuthority ? "CLINIC" : "", .text(String(type.prefix(4)))]
                }
            }
            result.append(parts)
        }
        return .repeated(result)
    }

    private func action(_ segment: Segment) -> Field {
        ["A", "U", "D", "X"].first { $0 == segment.text(2)?.uppercased() }.map { .text($0) } ?? ""
    }

    private func number(_ segment: Segment, _ field: Int) -> Field {
        segment.text(field).flatMap(Int.init).map { .text("\($0)") } ?? ""
    }

    private func unit(_ segment: Segment, _ field: Int) -> Field {
        let unit = segment.text(field) ?? ""
        return FieldReader.seconds(ofUnit: unit) == nil ? "" : .text(unit)
    }

    private mutating func start(_ segment: Segment, _ field: Int) -> Field {
        segment.text(field).map { .text(madeStart($0)) } ?? ""
    }

    private mutating func end(_ segment: Segment, _ field: Int, from start: String?) -> Field {
        guard let text = segment.text(field), let start else { return "" }
        return .text(madeEnd(text, from: start))
    }

    // MARK: Made up

    private mutating func person(_ segment: Segment) -> Int {
        let who = ValueSample.hash(
            [1, 2].map { segment.text(5, component: $0) ?? "" }.joined(separator: "|") + (segment.text(7) ?? ""))
        if let known = people[who] { return known }
        people[who] = people.count + 1
        return people.count
    }

    private mutating func invented(_ value: String, _ prefix: String) -> String {
        if let known = made[value] { return known }
        let number = made.count + 1
        let isGUID = value.utf8.count == 36 && value.filter { $0 == "-" }.count == 4
        let digits = String(repeating: "0", count: max(0, 3 - String(number).utf8.count)) + "\(number)"
        let text = isGUID ? "00000000-0000-4000-8000-000000000\(digits)" : prefix + digits
        made[value] = text
        return text
    }

    /// Another start is another week, at nine; the same in every message.
    private mutating func madeStart(_ text: String) -> String {
        guard let time = DTM(text) else { return "" }
        return like(text, Self.digits(of: Self.base + Int64(index(of: time)) * 7 * 86_400))
    }

    /// As long after the start as it was; at most a day.
    private mutating func madeEnd(_ text: String, from start: String) -> String {
        guard let to = DTM(text), let from = DTM(start), let end = to.epochSeconds(defaultOffset: 0),
            let begin = from.epochSeconds(defaultOffset: 0)
        else { return "" }
        let length = max(-3_600, min(86_400, end - begin))
        return like(text, Self.digits(of: Self.base + Int64(index(of: from)) * 7 * 86_400 + length))
    }

    private mutating func index(of time: DTM) -> Int {
        let key = "\(time.year)-\(time.month)-\(time.day) \(time.hour):\(time.minute)"
        let index = starts[key] ?? starts.count
        starts[key] = index
        return index
    }

    /// Seventeen digits cut to what the original had, with its fraction and zone.
    private func like(_ original: String, _ digits: String) -> String {
        let leading = original.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
        let rest = String(original.dropFirst(leading))
        let zone = rest.firstIndex { $0 == "+" || $0 == "-" || $0 == "Z" }.map { String(rest[$0...]) } ?? ""
        let fraction = rest.hasPrefix(".") ? ".000" : ""
        return String(digits.prefix(leading)) + fraction + (DTM("2027" + zone) == nil ? "" : zone)
    }

    /// 1 March 2027, 9:00 on the wall.
    private static let base: Int64 = 1_803_891_600

    private static func digits(of seconds: Int64) -> String {
        let time = DTM(epochSeconds: seconds)
        return "\(time.year)" + [time.month, time.day, time.hour, time.minute, time.second].map(two).joined() + "000"
    }

    private func short(_ text: String?) -> String {
        String(
            (text ?? "").unicodeScalars.filter {
                $0.isASCII && $0.properties.isAlphabetic || "0123456789.".unicodeScalars.contains($0)
            }.prefix(6).map(Character.init))
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let given = ["FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH"]
}
