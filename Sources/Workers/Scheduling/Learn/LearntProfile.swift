import Foundation
import HL7
import Practice
import Workflow

/// How a feed writes, as far as its messages tell: what its profile and its practice's file should say, each choice with
/// the reason for the person who accepts it. Pure: the same study gives the same profile.
package struct LearntProfile: Sendable {
    struct Rule: Sendable {
        let path: String
        let kind: Identifier.Kind
        var types: [String] = []
        var takesAuthority = false
        let trust: Int
    }

    package let name: String
    let sender: String
    let facility: String
    private(set) var practicePath: Path?
    private(set) var practiceValues: [String] = []
    private(set) var otherPracticeValues: [String] = []
    private(set) var personKey: [String] = []
    private(set) var identifiers: [Rule] = []
    private(set) var personIdentifiers: [Rule] = []
    private(set) var fields: [(name: FieldName, paths: [String])] = []
    private(set) var parents: ParentMeaning?
    private(set) var idsTradePlaces = true
    private(set) var charset: String?
    private(set) var isProduction = true
    /// The zone that MSH-7 is in, told by when messages came; nil: they do not tell.
    private(set) var zone: String?
    /// What `zone` says, for whoever has no practice yet.
    package var toldZone: String? { zone }
    /// What a person should know, in the order of the profile.
    private(set) var remarks: [String] = []

    /// - Parameters:
    ///   - knownValues: what the practice's file says its messages bear; nil: it says nothing yet.
    ///   - isNew: the feed is not in the practice's file.
    package init(_ study: FeedStudy, name: String, knownValues: [String]?, isNew: Bool) {
        self.name = name
        let mark = (study.marks.ranked.first?.key ?? "|").split(separator: "|", omittingEmptySubsequences: false)
        let sender = String(mark.first ?? "")
        self.sender = sender
        let facilities = Set(study.marks.ranked.filter { $0.key.hasPrefix("\(sender)|") }.map(\.key))
        facility = facilities.count == 1 ? String(mark.last ?? "") : ""
        chooseMarks(study, facilities.count)
        choosePractice(study, knownValues, isNew)
        chooseIdentifiers(study)
        choosePersons(study)
        chooseFields(study)
        chooseParents(study)
        chooseRest(study)
    }

    private mutating func say(_ remark: String) { remarks.append(remark) }

    // MARK: Whose

    private mutating func chooseMarks(_ study: FeedStudy, _ facilities: Int) {
        let senders = Set(study.marks.ranked.map { $0.key.prefix { $0 != "|" } })
        if senders.count > 1 {
            say(
                "\(senders.count) senders (MSH-3.1) are in this traffic; the draft is for the most frequent. --sender picks."
            )
        }
        if facilities > 1 {
            say("\(facilities) facilities (MSH-4.1) send under one MSH-3.1: the feed is told by MSH-3.1 alone.")
        }
        if sender.isEmpty {
            say("MSH-3.1 is empty: give the feed a port of its own, or it takes what no other claims.")
        }
    }

    private mutating func choosePractice(_ study: FeedStudy, _ knownValues: [String]?, _ isNew: Bool) {
        let candidates = FeedStudy.practicePaths.compactMap { path in
            study.practiceValues[path].map { (path: path, values: $0) }
        }
        if let knownValues {
            practiceValues = knownValues
            practicePath =
                candidates.first { values in knownValues.contains { values.values[$0] > 0 } }?.path ?? "MSH-4.2"
        } else if isNew {
            let found = candidates.first { $0.values.total * 100 >= study.messages * 95 && $0.values.others == 0 }
            guard let found, let own = found.values.ranked.first else {
                say("No path names the practice in every message: the feed has this one practice.")
                return
            }
            practicePath = found.path
            practiceValues = [own.key]
        } else {
            return
        }
        guard let practicePath, let values = study.practiceValues[practicePath] else { return }
        otherPracticeValues = values.ranked.map(\.key).filter { !practiceValues.contains($0) }
        let count = otherPracticeValues.count
        say(
            "\(practicePath) names the practice"
                + (count == 0 ? "." : ", and \(count) more values there are not this practice's."))
    }

    // MARK: Which

    private mutating func chooseIdentifiers(_ study: FeedStudy) {
        for path in ["SCH-2", "SCH-1"] as [Path] {
            let kind: Identifier.Kind = path == "SCH-2" ? .filler : .placer
            let evidence = study.identifiers[path]
            identifiers.append(
                Rule(
                    path: "\(path)", kind: kind, takesAuthority: study.hasAuthority(path),
                    trust: kind == .filler ? 90 : 80))
            if evidence == nil { say("\(path) was never filled; the rule costs nothing and waits.") }
        }
        for path in ["PV1-19", "PV1-50"] as [Path] {
            guard let evidence = study.identifiers[path] else { continue }
            let place = FeedStudy.appointmentPaths.firstIndex(of: path) ?? 0
            if study.appointmentIDs.contested(at: place) > 0.05 {
                say("\(path) is often several people's: it names no visit, and is left out.")
                continue
            }
            identifiers.append(Rule(path: "\(path)", kind: .visit, trust: 40))
            if evidence.inBookings * 2 < evidence.present {
                say("\(path) mostly comes after the booking, as a visit does.")
            }
        }
        let (same, different) = study.appointmentIDs.traded(1, 0)
        if different > same, different > 1 {
            idsTradePlaces = false
            say("One number in SCH-1 and in SCH-2 is mostly two people's: the places are two numberings.")
        } else if same > 0 {
            say("\(same) ids are seen in SCH-1 and in SCH-2: they trade places.")
        }
    }

    private mutating func choosePersons(_ study: FeedStudy) {
        let usable = FeedStudy.personPaths.enumerated().compactMap {
            place, path -> (path: Path, evidence: IdentifierEvidence)? in
            guard let evidence = study.identifiers[path], path != "PID-4[2]", path != "PID-18" else { return nil }
            if study.personIDs.contested(at: place) > 0.2, study.people.distinct(at: 0) > 4 {
                say("\(path) is several people's too often to name one.")
                return nil
            }
            return (path, evidence)
        }
        let order = usable.sorted { one, other in
            let whole = [one, other].map {
                $0.evidence.present * 100 >= study.schedule * 90 && $0.evidence.isGUID ? 1 : 0
            }
            return (whole[1], other.evidence.present) < (whole[0], one.evidence.present)
        }
        personKey = order.map { $0.path.repetition == nil ? "\($0.path).1" : "PID-4.1" }
        if let first = order.first, first.evidence.present < study.schedule - study.relations.withoutPatient {
            say("The best person id, \(first.path), is missing in some messages: those are ordered by the next.")
        }
        for (path, evidence) in usable { addPerson(path, evidence, study) }
    }

    private mutating func addPerson(_ path: Path, _ evidence: IdentifierEvidence, _ study: FeedStudy) {
        let authority = study.hasAuthority(path)
        switch "\(path)" {
        case "PID-4[1]":
            if study.relations.areSame("PID-4[1]", "PID-3") { return }
            personIdentifiers.append(
                Rule(path: "PID-4[1]", kind: evidence.isGUID ? .person : .local, trust: evidence.isGUID ? 90 : 40))
        case "PID-3":
            let types = evidence.types.ranked.map(\.key)
            if types.contains("MR"), types.count > 1 {
                let others = types.filter { $0 != "MR" && $0 != "SS" }
                personIdentifiers.append(
                    Rule(path: "PID-3", kind: .mrn, types: ["MR"], takesAuthority: authority, trust: 80))
                personIdentifiers.append(
                    Rule(path: "PID-3", kind: .local, types: others, takesAuthority: authority, trust: 50))
            } else {
                personIdentifiers.append(Rule(path: "PID-3", kind: .mrn, takesAuthority: authority, trust: 80))
            }
            if evidence.present < study.schedule - study.relations.withoutPatient {
                say("PID-3 is empty in some messages with a patient: the chart is made later.")
            }
        default: personIdentifiers.append(Rule(path: "\(path)", kind: .local, trust: 40))
        }
    }

    // MARK: What

    private mutating func chooseFields(_ study: FeedStudy) {
        chooseStatus(study)
        let type = chooseType(study)
        chooseReasons(study, type: type)
        let hasResource = study.codes["AIP-3"] != nil || study.codes["PV1-7"] != nil
        let contact = study.relations.areSame("SCH-15", "AIP-3") || study.relations.areSame("SCH-15", "PV1-7")
        if contact || (!hasResource && study.codes["SCH-15"] != nil) {
            fields.append((.practitioner, ["PV1-7", "SCH-15"]))
            say("SCH-15 holds the provider.")
        }
        let emails = study.relations.emails.ranked.map { "PID-13[\($0.key)].4" }
        if !emails.isEmpty { fields.append((.email, emails)) }
    }

    private mutating func chooseStatus(_ study: FeedStudy) {
        let present = FeedStudy.statusPaths.filter { (study.codes[$0]?.messages ?? 0) > 0 }
        if present.isEmpty {
            say("No message says a status; what happened is told by the event alone.")
        } else if study.codes["SCH-25"] == nil {
            fields.append((.status, present.map { "\($0)" }))
            say("SCH-25 is empty; the status is read where it is.")
        }
    }

    private mutating func chooseType(_ study: FeedStudy) -> Path? {
        let books = FeedStudy.typePaths.compactMap { path in study.codes[path].map { (path: path, book: $0) } }
        let usable = books.filter { $0.book.messages * 2 >= study.schedule && $0.book.isCoded }
        guard let chosen = usable.first(where: { $0.book.distinct > 1 }) ?? usable.first else {
            if !books.isEmpty {
                say("No path holds a code of the event in half of the messages; SCH-8 and AIS-3 are tried.")
            }
            return nil
        }
        let others = usable.map(\.path).filter {
            $0 != chosen.path && study.relations.areSame("SCH-6", "\(chosen.path)") && $0 == "SCH-6"
        }
        if chosen.path != "SCH-8" || !others.isEmpty {
            fields.append((.type, [chosen.path, "AIS-3"].map { "\($0)" } + others.map { "\($0)" }))
        }
        say("\(chosen.path) holds the event's code: \(chosen.book.distinct) of them.")
        return chosen.path
    }

    private mutating func chooseReasons(_ study: FeedStudy, type: Path?) {
        let typeName = type.map { "\($0)" } ?? ""
        if study.cancelReasons.messages > 0, study.relations.areSame("SCH-6", typeName) || type == "SCH-6" {
            fields.append((.cancelReason, []))
            say("SCH-6 repeats the event's code, so no cancel reason is sent.")
        }
        if type == "SCH-7" || study.relations.areSame("SCH-7", typeName) {
            fields.append((.reason, type == "SCH-7" && study.codes["SCH-8"] != nil ? ["SCH-8"] : []))
        }
    }

    private mutating func chooseParents(_ study: FeedStudy) {
        for (place, path) in FeedStudy.parentPaths.enumerated() where path != "SCH-4" {
            guard study.identifiers[path] != nil else { continue }
            let isShared = study.parentIDs.contested(at: place) > 0.5
            parents = isShared ? .series : .replaces
            say(
                "\(path) is "
                    + (isShared
                        ? "shared by many bookings: it names their series."
                        : "one booking's each: it names what that replaces."))
            return
        }
        if study.identifiers["SCH-4"] != nil { say("SCH-4 groups bookings; it is not read.") }
    }

    private mutating func chooseRest(_ study: FeedStudy) {
        if study.undeclared.other > 0 {
            charset = "8859/1"
        } else if study.undeclared.utf8 > 0 {
            charset = "UNICODE UTF-8"
        }
        if let charset { say("MSH-18 is empty and there are bytes beyond ASCII: they read as \(charset).") }
        let tests = study.modes.ranked.filter { $0.key.hasPrefix("T/") }.reduce(0) { $0 + $1.count }
        if tests > 0, tests == study.modes.total {
            isProduction = false
            say(
                "Every message is a test message (MSH-11 = T): the draft takes them. Take `production: false` out to go live."
            )
        } else if tests > 0 {
            say("\(tests) test messages (MSH-11 = T) park.")
        }
        zone = study.zoneOfHeader
    }
}

extension FeedStudy {
    /// Whether the same field names its authority in most messages, and more than one.
    func hasAuthority(_ path: Path) -> Bool {
        guard let evidence = identifiers[path] else { return false }
        let named = evidence.authorities.ranked.filter { !$0.key.isEmpty }
        return named.count > 1 && named.reduce(0) { $0 + $1.count } * 2 > evidence.present
    }

    /// One of the zones of the United States whose clock MSH-7 shows; nil: messages are too few, or came too late to tell.
    var zoneOfHeader: String? {
        guard clocks.asked >= 20, let most = clocks.fit.max(), most * 100 >= clocks.asked * 80,
            let index = clocks.fit.firstIndex(of: most)
        else { return nil }
        return Self.zones[index].identifier
    }
}

extension FeedStudy.Relations {
    /// Whether two places hold the same in nine of ten messages that have both.
    func areSame(_ one: String, _ other: String) -> Bool {
        for key in ["\(one) \(other)", "\(other) \(one)"] where both[key] > 0 { return same[key] * 10 >= both[key] * 9 }
        return false
    }
}
