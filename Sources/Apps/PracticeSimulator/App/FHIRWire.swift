package import Foundation

// The booking app's own reading and writing of FHIR R4, from the standard and not from pmsync's types.

/// An Appointment as it crosses the wire; what the app has no use for is not read.
struct WireAppointment: Codable {
    struct Meta: Codable {
        var versionId: String?
        var lastUpdated: String?
    }
    struct Actor: Codable {
        var reference: String?
        var type: String?
    }
    struct Participant: Codable {
        var actor: Actor?
        var status: String
    }

    var resourceType = "Appointment"
    var id: String?
    var meta: Meta?
    var identifier: [AppAppointment.Identifier]?
    var status: String
    var start: String?
    var end: String?
    var participant: [Participant]?

    /// Nil where it is no Appointment with a readable time.
    func appointment(id: String) -> AppAppointment? {
        guard resourceType == "Appointment" else { return nil }
        let actors = (participant ?? []).compactMap(\.actor)
        func actor(_ type: String) -> String? {
            actors.first { $0.type == type || $0.reference?.contains("\(type)/") == true }?.reference
        }
        return AppAppointment(
            id: id, version: meta?.versionId.flatMap { Int($0) } ?? 0, status: status,
            start: start.flatMap(FHIRTime.instant), end: end.flatMap(FHIRTime.instant), patient: actor("Patient"),
            provider: actor("Practitioner"), location: actor("Location"), identifiers: identifier ?? [])
    }

    init(_ kept: AppAppointment) {
        id = kept.id
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        meta = Meta(versionId: String(kept.version), lastUpdated: kept.updated.map { fractional.format($0) })
        identifier = kept.identifiers.isEmpty ? nil : kept.identifiers
        status = kept.status
        start = kept.start.map { $0.formatted(.iso8601) }
        end = kept.end.map { $0.formatted(.iso8601) }
        let references = [("Patient", kept.patient), ("Practitioner", kept.provider), ("Location", kept.location)]
        let known = references.compactMap { type, reference in
            reference.map { Participant(actor: Actor(reference: $0, type: type), status: "accepted") }
        }
        // R4 wants one participant at least.
        participant = known.isEmpty ? [Participant(actor: Actor(type: "Patient"), status: "needs-action")] : known
    }
}

struct WireBundle: Codable {
    struct Link: Codable {
        let relation: String
        let url: String
    }
    struct Entry: Codable {
        struct Search: Codable {
            var mode = "match"
        }
        let fullUrl: String
        let resource: WireAppointment
        var search: Search? = Search()
    }

    var resourceType = "Bundle"
    var type = "searchset"
    let total: Int?
    let link: [Link]
    let entry: [Entry]?
}

extension AppAppointment {
    /// What a page of a search holds, and where the next one is.
    package static func page(_ bundle: Data) throws -> (appointments: [AppAppointment], next: String?) {
        let page = try JSONDecoder().decode(WireBundle.self, from: bundle)
        let found = (page.entry ?? []).compactMap { entry in
            entry.resource.id.flatMap { entry.resource.appointment(id: $0) }
        }
        return (found, page.link.first { $0.relation == "next" }?.url)
    }
}

enum FHIRTime {
    /// An instant with a zone, with or without fractions of a second.
    static func instant(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    /// A search value: an instant, or a day, which begins at midnight UTC for want of a better zone.
    static func bound(_ text: String) -> Date? {
        if let instant = instant(text) { return instant }
        guard let day = LocalDay(text) else { return nil }
        return Date(timeIntervalSince1970: Double(day.number) * 86_400)
    }
}
