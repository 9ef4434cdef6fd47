import Foundation
import Workflow

@testable import Scheduling

/// Programs in which a batch once ended otherwise than its jobs one by one, or not at all.
extension BatchProgram {
    private typealias Patient = BatchMessage.Patient

    private static let ann = Patient(mrn: "M0", guid: "G0", name: "ALPHA^ANN")
    private static let ben = Patient(mrn: "M1", guid: "G1", name: "BETA^BEN")
    private static let cy = Patient(mrn: "M2", guid: "G2", name: "GAMMA^CY")

    /// A booking of Ann's, with what is told.
    private static func booking(_ tell: (inout BatchMessage) -> Void = { _ in }) -> Input {
        var message = BatchMessage()
        (message.filler, message.doctor, message.people) = ("F1", "D1", [ann])
        tell(&message)
        return message.input
    }

    static let found: [String: BatchProgram] = [
        "a booking ends a wait-list entry of an earlier batch": BatchProgram(
            [
                booking { ($0.filler, $0.word) = ("F0", "WAITLIST") },
                booking { ($0.at, $0.start) = (5, 4) },
            ], size: 2),
        "a move comes after what it gave a new number to, and its booking is of an earlier batch": BatchProgram(
            [
                booking(),
                booking { ($0.event, $0.filler, $0.at, $0.start, $0.word) = ("S14", "F1N", 9, 4, "") },
                booking { ($0.event, $0.filler, $0.parent, $0.at, $0.start, $0.word) = ("S13", "F1N", "F1", 5, 4, "") },
            ], size: 2),
        "a booking of one becomes a group's": BatchProgram(
            [
                booking { ($0.filler, $0.doctor, $0.room) = ("G1", "", "ROOM-2") },
                booking {
                    ($0.event, $0.filler, $0.doctor, $0.room, $0.at) = ("S14", "G1", "", "ROOM-2", 5)
                    $0.people = [ann, ben]
                },
            ], size: 1),
        "one patient twice in a group": BatchProgram(
            [
                booking { $0.filler = "G1" },
                booking { ($0.event, $0.filler, $0.at, $0.people) = ("S14", "G1", 5, [ann, ann, ben]) },
            ], size: 1),
        "what a batch books and then takes all resources from": BatchProgram(
            [booking(), booking { ($0.event, $0.at, $0.word) = ("S20", 5, "") }], size: 2),
        "a wait-list entry that was ended by what turns out to be itself under another number": BatchProgram(
            [
                booking { ($0.event, $0.word) = ("S14", "WAITLIST") },
                booking { ($0.event, $0.filler, $0.parent, $0.at, $0.start, $0.word) = ("S13", "F3", "F2", 9, 8, "") },
                booking { ($0.event, $0.filler, $0.parent, $0.at, $0.start, $0.word) = ("S13", "F2", "F1", 5, 4, "") },
            ], size: 2),
        "one message without an id, twice: by a resend and a replay at once": {
            var program = BatchProgram([booking { $0.filler = "" }], size: 2)
            program.order = [0, 0, 0]
            return program
        }(),
        "one patient twice in a group without an id": BatchProgram(
            [booking { ($0.filler, $0.people) = ("", [ann, Patient(mrn: "M0", name: "ALPHA^ANN"), ben]) }], size: 1),
        "what is absorbed names the visit that its visit has already": BatchProgram(
            [
                booking { $0.visit = "V1" },
                booking {
                    ($0.event, $0.filler, $0.at, $0.start, $0.word, $0.visit) = ("S14", "F1N", 9, 4, "", "V1")
                },
                booking {
                    ($0.event, $0.filler, $0.parent, $0.at, $0.start, $0.word) = ("S13", "F1N", "F1", 5, 4, "")
                },
            ], size: 3),
        "a resource that a batch books and leaves again": BatchProgram(
            [
                booking(),
                booking { ($0.event, $0.doctor, $0.at, $0.start, $0.word) = ("S13", "D2", 5, 4, "") },
            ], size: 2),
        "the last of a chain that overlaps one by one": BatchProgram(
            ["D1", "D2", "D3", "D4"].flatMap { doctor in
                let long = { (tell: (inout BatchMessage) -> Void) in
                    booking {
                        ($0.filler, $0.doctor, $0.quarters, $0.people) = ("\(doctor)F0", doctor, 8, [cy])
                        tell(&$0)
                    }
                }
                let chain = (1...6).map { place in
                    booking {
                        ($0.filler, $0.doctor) = ("\(doctor)F\(place)", doctor)
                        ($0.at, $0.start, $0.quarters) = (place, place - 1, 2)
                        $0.people = [Patient(mrn: "M1\(place)", name: "CHAIN^\(place)")]
                    }
                }
                return [long { _ in }] + chain + [long { ($0.event, $0.at, $0.word) = ("S15", 20, "") }]
            }, size: 32),
        "two charts of one trust in one line, of which one was known first": BatchProgram(
            [
                booking { ($0.filler, $0.people) = ("F1", [Patient(mrn: "M9", name: "ALPHA^ANN")]) },
                booking { ($0.filler, $0.at, $0.people) = ("F2", 1, [Patient(mrn: "M1", name: "BETA^BEN")]) },
                booking { ($0.filler, $0.at, $0.people) = ("F3", 2, [Patient(mrn: "M1~M9", name: "ALPHA^ANN")]) },
            ], size: 2),
        "times of one ten-thousandth of a second": BatchProgram(
            (0..<8).flatMap { number in
                let fraction = ".\(1000 + number * 1117)"
                let later = { (event: String, fraction: String, word: String) in
                    booking {
                        ($0.filler, $0.start, $0.event) = ("F\(number)", number * 2, event)
                        ($0.fraction, $0.word) = (fraction, word)
                    }
                }
                return [
                    later("S12", fraction, "Booked"), later("S14", ".0001", "CONFIRMED"),
                    later("S14", fraction, "KEPT"), later("S14", fraction, "CONFIRMED"),
                    later("S14", ".0002", ""),
                ]
            }, size: 40),
        "a resource is said to take more after it was booked": BatchProgram(
            [
                booking { ($0.doctor, $0.room) = ("", "ROOM-2") },
                BatchProgram.Input(
                    practice: "left",
                    bytes: LoadEntry(
                        kind: .resources, layout: "pm-resources", feed: "left-pm",
                        asOf: Date(timeIntervalSince1970: 1_732_118_400), isGroup: false,
                        header: ["code", "kind", "name", "capacity"], fields: ["ROOM-2", "location", "Room two", "5"]
                    ).bytes, isLoaded: true),
            ], size: 2),
        "a resource that two messages call by two names": BatchProgram(
            [
                booking { $0.doctorName = "" },
                booking { ($0.filler, $0.at, $0.start, $0.doctorName, $0.people) = ("F2", 1, 4, "AAA^A", [ben]) },
                booking { ($0.filler, $0.at, $0.start, $0.doctorName, $0.people) = ("F3", 2, 8, "ZZZ^Z", [cy]) },
            ], size: 3),
    ]
}
