// A make-believe practice, for trying, training and testing: a PM that keeps a book and sends HL7 of each change, and a
// booking app that takes pmsync's notices and keeps a list of its own. Seeded: the same seed and day give the same
// bytes. It owns no table and knows nothing of pmsync's inside: it speaks MLLP, webhooks and FHIR as a stranger would,
// with its own reading of each, so that a mistake in pmsync's codecs is not made twice and missed.
//
// Script    pure: (seed, day) -> the book and its messages
// Faults    pure: what is done to the messages between the book and the wire
// Wire      MLLP: rate, resend, reconnect, and the position that survives kill -9
// App       the booking app

/// What can go wrong before or while the make-believe practice runs.
package enum SimulatorError: Error, Equatable, CustomStringConvertible {
    case badDate(String)
    case badZone(String)
    case badAddress(String)
    case badFault(String)
    case badPlant(String)
    case badSecret(file: String)
    case otherScript(state: String)
    case file(String, doing: String)
    case refused(code: String)

    package var description: String {
        switch self {
        case .badDate(let text): "\(text) is not a day; write 2026-12-01 or today"
        case .badZone(let text): "\(text) is not a time zone; write America/New_York"
        case .badAddress(let text): "\(text) is not an address; write 127.0.0.1:2575"
        case .badFault(let text):
            "\(text) is not a fault; write NAME, NAME=0.05 (a share) or NAME=3 (a count), NAME one of "
                + Fault.allCases.map(\.rawValue).joined(separator: ", ")
        case .badPlant(let text): "\(text) is not a planting; there is: demo"
        case .badSecret(let file): "\(file) does not hold whsec_ and base64 of 24 to 64 bytes"
        case .otherScript(let state):
            "\(state) belongs to another seed, day or practice; give it those, or choose another --state"
        case .file(let path, let doing): "\(path): cannot \(doing)"
        case .refused(let code): "the receiver answered \(code)"
        }
    }
}
