import Reconciliation
import Worker
import Workflow

/// Codes in the words of a practice. The closed sets are switches, so that a new code without words does not compile; a
/// code of any other kind is shown as it is, with blanks for its hyphens.
enum Words {
    static func finding(_ code: String) -> String { FindingCode(rawValue: code)?.words ?? plain(code) }
    static func cause(_ code: String) -> String { Cause(rawValue: code)?.words ?? plain(code) + "." }
    static func explanation(_ name: String) -> String { Explanation(rawValue: name)?.words ?? plain(name) }
    static func job(_ code: String) -> String {
        ParkCode(rawValue: code)?.words ?? destinations[code].map { $0.prefix(1).uppercased() + $0.dropFirst() }
            ?? plain(code)
    }
    /// The one act that mends, as a sentence.
    static func mend(_ act: String) -> String { Act(rawValue: act)?.sentence ?? plain(act) + "." }

    /// What a record of ours is marked with.
    static func flag(_ flag: String) -> String { flags[flag] ?? plain(flag) }

    private static let flags = [
        "irregular-transition": "The PM made a step that no schedule makes, such as from cancelled to kept",
        "ambiguous-time": "The time came twice that night, when the clocks went back; one of the two was taken",
        "missing-time": "The time did not exist that night, when the clocks went forward; it was moved",
        "names-disagree": "The numbers of one message are of different appointments; the most trusted one decided",
    ]

    /// Why a finding is there. Of what is withheld nobody is accused, whatever the journal seems to say.
    static func why(_ cause: String, isWithheld: Bool) -> String {
        guard isWithheld, Cause(rawValue: cause).map({ !$0.isWithholding }) ?? true else { return self.cause(cause) }
        return "It cannot be judged yet: it may be lateness alone."
    }

    /// What is to be done about it; of what is withheld, nothing yet.
    static func mend(_ act: String, isWithheld: Bool) -> String {
        isWithheld ? "Nothing yet: the next comparison judges it." : mend(act)
    }

    /// A member's reason: a rule, a finding's code, or why it is withheld.
    static func reason(_ reason: String) -> String {
        if let explanation = Explanation(rawValue: reason) { return explanation.words }
        if let code = FindingCode(rawValue: reason) { return code.words }
        return cause(reason)
    }

    /// Withheld ones by cause, the most first: `1 too young to judge, 2 while the feed is silent`.
    static func withheld(_ because: [(name: String, count: Int)]) -> String {
        because.map { "\($0.count) \(shortCauses[$0.name] ?? plain($0.name).lowercased())" }.joined(separator: ", ")
    }

    private static let shortCauses = [
        "too-young": "too young to judge", "feed-silent": "while the feed is silent",
        "feed-behind": "while the feed is behind", "list-lacks-day": "of days that the list does not have",
        "list-row-unread": "while a row of the list could not be read",
    ]

    /// Why a list could not be read: a code, and for a file the line.
    static func listProblem(_ problem: String) -> String {
        let parts = problem.split(separator: " at line ", maxSplits: 1)
        let code = String(parts.first ?? "")
        let words = listProblems[code] ?? plain(code).lowercased()
        return parts.count == 2 ? "\(words) (line \(parts[1]))" : words
    }

    private static let listProblems = [
        "list-missing": "the file is not there", "list-empty": "it is empty",
        "list-unreadable": "it could not be read to its end",
        "list-refused": "the server refuses to give it", "list-page-too-long": "a page of it is too long",
        "list-page-broken": "a page of it broke off", "list-not-a-searchset": "the answer is no FHIR search result",
        "list-foreign-link": "its next page is on another server", "list-cyclic-link": "its pages go round in a circle",
        "list-too-many-pages": "it has too many pages",
        "entry-unreadable": "an appointment in it is not as FHIR has it",
        "csv-stray-quote": "a quotation mark is in a wrong place",
        "csv-unended-quote": "a quotation mark is never closed", "csv-too-long": "a line is too long",
        "csv-no-header": "it has no header", "csv-missing-column": "a column is missing",
        "csv-repeated-column": "a column is there twice", "csv-field-count": "a row has too many or too few fields",
        "csv-bad-time": "a time is none", "csv-ends-before-its-start": "an appointment ends before it starts",
        "csv-missing-value": "a value is missing that must be there",
    ].merging(destinations) { first, _ in first }

    /// Why a booking app could not be reached, or would not.
    private static let destinations = [
        "destination-throttled": "the app asks for patience", "destination-refused": "the app refused it",
        "destination-gone": "the app says that its address is gone for good",
        "destination-failed": "the app failed", "destination-unanswered": "the app did not answer",
        "destination-unknown-host": "the app's host name is not known",
        "destination-no-connection": "the app cannot be reached",
        "destination-no-secure-connection": "no secure connection to the app could be made",
        "destination-malformed-url": "the app's address is none",
        "destination-plain-http": "the app's address is not encrypted",
        "destination-private-address": "the app's address is in a private network",
    ]

    /// What a person did about a finding.
    static func act(_ act: String) -> String {
        switch act {
        case "resend": "Sent again"
        case "removed": "Removal confirmed"
        case "accept": "Accepted as it is"
        case "withdraw": "Acceptance taken back"
        default: plain(act)
        }
    }

    /// One line of a finding's history.
    static func history(_ line: FindingHistory.Line) -> String {
        let now = line.cause.map { why($0, isWithheld: line.isWithheld ?? false) } ?? ""
        return switch line.what {
        case "opened": "Found. \(now)"
        case "reopened": "Found again. \(now)"
        case "changed": "Changed. \(now)"
        case "closed": "Closed: it no longer shows."
        case "lapsed": "Closed: its day is compared no more. It was not mended."
        default: act(line.what)
        }
    }

    static func state(_ state: String) -> String {
        switch state {
        case "parked": "Parked: waits for a person"
        case "uncertain": "Uncertain: may have been sent"
        case "retrying": "Will be tried again"
        case "waiting": "Waits its turn"
        default: plain(state)
        }
    }

    static func plain(_ code: String) -> String {
        let words = code.replacing("-", with: " ").replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    static func count(_ number: Int64, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }
}

extension FindingCode {
    fileprivate var words: String {
        switch self {
        case .missingHere: "In the PM, not here"
        case .missingInPM: "Here, not in the PM"
        case .missingInApp: "Not in the booking app"
        case .extraInApp: "In the booking app only"
        case .statusDiffers: "Status differs"
        case .timeDiffers: "Time differs"
        case .resourceDiffers: "With somebody else"
        case .locationDiffers: "At another place"
        case .personDiffers: "For another patient"
        case .doubleBooked: "Booked over another"
        case .duplicateInApp: "Twice in the booking app"
        case .duplicateInPM: "Twice in the PM"
        }
    }
}

extension Cause {
    /// It says why nobody is accused yet.
    fileprivate var isWithholding: Bool {
        ["too-young", "feed-silent", "feed-behind", "list-lacks-day", "list-row-unread"].contains(rawValue)
    }

    fileprivate var words: String {
        switch self {
        case .neverSent: "It was never sent: there is no message or notice of it."
        case .receivedAndUnmapped: "A message of it came and waits for a code to be mapped."
        case .parked: "A message or notice of it waits for a person."
        case .sentAndUnanswered: "A notice was sent and not answered yet."
        case .refused: "The booking app refused the notice."
        case .overwrittenThere: "The booking app took it and has changed it since."
        case .takenAndNotDone: "The booking app took the notice and did not act on it."
        case .takenTwice: "The booking app took what it was told, and keeps it twice."
        case .madeThere: "It was made there: no notice and no message names it."
        case .bothTold: "The PM's messages told of both, and of no overbooking."
        case .letGo: "A message of it came, and was discarded here."
        case .tooYoung: "Too young to judge: its message may still be on its way."
        case .feedSilent: "The feed that would tell of it is silent."
        case .feedBehind: "The feed's last message is much older than the PM's list."
        case .listLacksDay: "The list has not one appointment of that day."
        case .listRowUnread: "A row of the list could not be read, and may be this one."
        case .changedSince: "It has changed since the list was made."
        case .inFlight: "It is on its way."
        case .unknown: "Nothing in the journal says why."
        }
    }
}

extension Explanation {
    fileprivate var words: String {
        switch self {
        case .sameVisit: "Stages of one visit"
        case .sameEnd: "Cancelled on both sides, in different words"
        case .derivedStatus: "A no-show worked out at midnight"
        case .lateKept: "The PM's late word that the patient came"
        case .partOfVisit: "Part of a visit that the other side shows as one"
        case .waitList: "A wish on the wait list, which the PM takes away by itself"
        case .noChartYet: "A chart number that no message has brought yet"
        case .notLive: "The booking app is in shadow or off"
        case .rounding: "Less than a minute apart"
        case .startTolerance: "Starts within the practice's tolerance"
        case .endTolerance: "Ends within the practice's tolerance"
        case .endNotCompared: "Ends are not compared here"
        case .resourceNotCompared: "Who is booked is not compared here"
        case .locationNotCompared: "Places are not compared here"
        case .personNotCompared: "Patients are not compared here"
        case .doubleBookingNotCompared: "Double bookings are not looked for here"
        case .unmappedStatus: "A status word that is in no table yet"
        case .endedAndNotListed: "Has ended, and need not be listed"
        case .block: "Busy time without a patient"
        case .outsideWindow: "Outside of the days compared"
        case .beforeGoLive: "Before going live"
        case .loaded: "Loaded before going live, not told"
        case .inFlight: "On its way"
        case .changedSince: "Changed since the list was made"
        }
    }
}

extension ParkCode {
    fileprivate var words: String {
        switch self {
        case .unknownPractice: "Unknown practice: no feed claims the message"
        case .unknownType: "Unknown message type: no workflow takes it"
        case .testMessage: "Test message on a production feed"
        case .unreadable: "Not readable as HL7"
        case .invalidText: "Bytes that are not text in the message's character set"
        case .invalidTime: "A time that is none"
        case .invalidDuration: "Ends before it starts"
        case .missingSCH: "No SCH segment"
        case .missingStart: "No start time"
        case .missingResource: "No resource named"
        case .missingIdentifier: "Nothing that tells which appointment it is"
        case .unmappedStatus: "Status code that no table knows"
        case .unmappedEvent: "Event code that no table knows"
        case .unmappedCategory: "Category code that no table knows"
        case .unmappedLocation: "Location code that no table knows"
        case .unmappedResource: "Resource code that no table knows"
        case .unmappedProvider: "Provider code that no table knows"
        case .unmappedCancelReason: "Cancel reason that no table knows"
        case .ambiguousAppointment: "Cannot tell which appointment is meant"
        }
    }
}
