import Reconciliation

/// Codes in the words of a practice. A code that is not here is shown as it is, with blanks for its hyphens.
enum Words {
    static func finding(_ code: String) -> String { findings[code] ?? plain(code) }
    static func cause(_ code: String) -> String { causes[code] ?? plain(code) }
    static func act(_ act: String) -> String { acts[act] ?? plain(act) }
    /// The one act that mends, as a sentence.
    static func mend(_ act: String) -> String { Act(rawValue: act)?.sentence ?? plain(act) + "." }
    static func job(_ code: String) -> String { jobs[code] ?? plain(code) }
    static func explanation(_ name: String) -> String { explanations[name] ?? plain(name) }
    static func state(_ state: String) -> String { states[state] ?? plain(state) }

    static func plain(_ code: String) -> String {
        let words = code.replacing("-", with: " ").replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    static func count(_ number: Int64, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    private static let findings: [String: String] = [
        "missing-here": "In the PM, not here",
        "missing-in-pm": "Here, not in the PM",
        "missing-in-app": "Not in the booking app",
        "extra-in-app": "In the booking app only",
        "status-differs": "Status differs",
        "time-differs": "Time differs",
        "resource-differs": "With somebody else",
        "duplicate-in-app": "Twice in the booking app",
        "duplicate-in-pm": "Twice in the PM",
    ]

    private static let causes: [String: String] = [
        "never-sent": "It was never sent: there is no message or notice of it.",
        "received-and-unmapped": "A message of it came and waits for a code to be mapped.",
        "parked": "A message or notice of it waits for a person.",
        "sent-and-unanswered": "A notice was sent and not answered yet.",
        "refused": "The booking app refused the notice.",
        "overwritten-there": "The booking app took it and has changed it since.",
        "changed-since": "It has changed since the list was made.",
        "in-flight": "It is on its way.",
        "unknown": "Nothing in the journal says why.",
    ]

    private static let explanations: [String: String] = [
        "same-visit": "Stages of one visit",
        "same-end": "Cancelled on both sides, in different words",
        "derived-status": "A no-show worked out at midnight",
        "unmapped-status": "A status word that is in no table yet",
        "ended-and-not-listed": "Has ended, and need not be listed",
        "block": "Busy time without a patient",
        "outside-window": "Outside of the days compared",
        "before-go-live": "Before going live",
        "in-flight": "On its way",
        "changed-since": "Changed since the list was made",
    ]

    private static let acts: [String: String] = [
        "resend": "Sent again", "accept": "Accepted as it is",
    ]

    private static let jobs: [String: String] = [
        "unknown-practice": "Unknown practice: no feed claims the message",
        "unknown-type": "Unknown message type: no workflow takes it",
        "test-message": "Test message on a production feed",
        "unreadable": "Not readable as HL7",
        "invalid-text": "Bytes that are not text in the message's character set",
        "invalid-time": "A time that is none",
        "invalid-duration": "Ends before it starts",
        "missing-sch": "No SCH segment",
        "missing-start": "No start time",
        "missing-resource": "No resource named",
        "unmapped-status": "Status code that no table knows",
        "unmapped-event": "Event code that no table knows",
        "unmapped-location": "Location code that no table knows",
        "unmapped-resource": "Resource code that no table knows",
        "unmapped-cancel-reason": "Cancel reason that no table knows",
        "ambiguous-appointment": "Cannot tell which appointment is meant",
    ]

    private static let states: [String: String] = [
        "parked": "Parked: waits for a person",
        "uncertain": "Uncertain: may have been sent",
        "retrying": "Will be tried again",
        "waiting": "Waits its turn",
    ]
}
