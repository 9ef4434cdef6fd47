import Foundation
import HL7
import Journal
package import Postgres
import Practice
package import Queue
import Reconciliation
package import Worker
import Workflow

/// Takes what taps heard: reads each message as one of the feed's would be read, and keeps what it says for the
/// comparison. It writes no record and tells nobody.
package struct ParityJobs: Sendable {
    private let definitions: DefinitionStore

    package init(definitions: DefinitionStore) { self.definitions = definitions }

    package func handle(_ job: Job, _ transaction: Transaction) async throws -> Done {
        guard let day = job.day, let number = job.entry,
            let entry = try await Entry.read(EntryID(day: day, number: number), in: transaction)
        else { throw Failure(code: "no-entry", kind: .permanent, stage: "read", holdsKey: false) }
        let definition = try await definitions.current(isFresh: job.isTriedAgain)
        var code = "ignored"
        if let heard = try Self.read(entry, definition) {
            let subscriptions = try await transaction.query(
                ParityQueries.subscriptions(heard.message.practice, client: heard.destination)
            ).map { try $0.decode(UUID.self) }
            if subscriptions.isEmpty {
                throw Failure(
                    code: "no-destination", kind: .permanent, stage: "compare",
                    detail: "the tap's destination has no webhook", holdsKey: false)
            }
            if case .appointments(let seen) = heard.message.content {
                for subscription in subscriptions {
                    try await keep(seen, of: subscription, entry, heard.message.practice, transaction)
                }
                code = "compared"
            }
        }
        try await Outcome(entry: entry.id, workflow: Route.parity, definition: definition.digest, code: code)
            .record(in: transaction)
        return Done()
    }

    /// Nil for what is no message of the schedule.
    private static func read(
        _ entry: Journal.Entry, _ definition: Definition
    ) throws -> (message: SchedulingMessage, destination: String)? {
        guard let tap = definition.taps[entry.feed], let destination = tap.tapOf else {
            throw Failure(ParkCode.unknownPractice, "no tap of this name is in practices/")
        }
        let message: Message
        do throws(HL7Error) {
            message = try Message(entry.payload, charset: tap.charset)
        } catch {
            throw Failure(ParkCode.unreadable, "byte \(error.position)")
        }
        if definition.workflows["scheduling"]?.accepts[message.header.typeAndEvent] == nil { return nil }
        guard let practice = entry.practice.flatMap({ definition.practices[$0] }) else {
            throw Failure(ParkCode.unknownPractice, "the message names no practice of this tap")
        }
        do throws(Park) {
            let read = try SchedulingMessage.read(
                message, definition: definition, by: tap, practice: practice, receivedAt: entry.receivedAt,
                entry: entry.id.number)
            return (read, destination)
        } catch {
            throw Failure(error.code, error.detail)
        }
    }

    private func keep(
        _ seen: [AppointmentSeen], of subscription: UUID, _ entry: Journal.Entry, _ practice: String,
        _ transaction: Transaction
    ) async throws {
        for (position, one) in seen.enumerated() {
            let facts = TappedFacts(one)
            try await transaction.execute(
                ParityQueries.keep(
                    facts, try facts.json, practice: practice, subscription: subscription, entry: entry,
                    position: Int32(position), type: one.told, eventAt: one.event.at))
        }
    }
}

extension Failure {
    fileprivate init(_ code: ParkCode, _ detail: String) {
        self.init(code: code.rawValue, kind: .permanent, stage: "read", detail: detail, holdsKey: false)
    }
}

/// What a tapped message says of one appointment, and what it calls it.
struct TappedFacts: Codable {
    let names: [Identifier]
    let content: TellingContent

    init(_ seen: AppointmentSeen) {
        names = seen.lookUps.filter { !$0.onlyForSamePerson }.map(\.identifier)
        var content = TellingContent()
        let event = seen.event
        let isSaid = event.kind != .modified && event.kind != .resourcesChanged
        content.status = isSaid ? event.resultingStatus(after: nil) : event.status
        content.start = event.start
        content.end = event.end
        content.person = Set(seen.person.aliases.map(\.identifier.value))
        let named = event.resources.filter { $0.action != .delete }
        content.resources = Set(named.filter { $0.kind != .location }.map(\.code))
        content.locations = Set(named.filter { $0.kind == .location }.map(\.code))
        content.type = event.type?.code
        content.isPartial = event.kind == .resourcesChanged || named.count < event.resources.count
        self.content = content
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            encoder.dateEncodingStrategy = .millisecondsSince1970
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .millisecondsSince1970
        self = try decoder.decode(TappedFacts.self, from: Data(json.utf8))
    }
}

extension AppointmentSeen {
    /// As we would call what it tells.
    fileprivate var told: AppointmentChange {
        switch event.kind {
        case .cancelled, .discontinued, .superseded: .cancelled
        case .deleted, .removed, .retracted: .deleted
        case .noshow, .midnight: .noshow
        case .rescheduled: .rescheduled
        case .booked, .modified, .resourcesChanged:
            switch event.status {
            case .cancelled: .cancelled
            case .enteredInError: .deleted
            case .noshow: .noshow
            default: event.kind == .booked ? .booked : .updated
            }
        }
    }
}

extension TellingContent {
    /// What one of our notices says, by the version that it names.
    init(_ appointment: Appointment, person: Set<String>) {
        self.init()
        status = appointment.status
        start = appointment.start
        end = appointment.end
        self.person = person
        resources = Set(appointment.resources.filter { $0.kind != .location }.map(\.code))
        locations = Set(appointment.resources.filter { $0.kind == .location }.map(\.code))
        type = appointment.type?.code
    }
}
