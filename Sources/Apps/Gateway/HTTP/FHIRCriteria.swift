import FHIR
import Foundation
import Postgres
import Practice
import Records

// A FHIR search as criteria on the records. Pure. What can match nothing (an id that is none of ours, another system's
// identifier) stays a criterion that nothing meets.

extension SearchQuery {
    var appointmentCriteria: [AppointmentCriterion] {
        criteria.map { criterion in
            switch (criterion.parameter, criterion.match) {
            case (.lastUpdated, .instants(let ranges)): .changed(ranges.map(\.onRecord))
            case (_, .instants(let ranges)): .starting(ranges.map(\.onRecord))
            case (_, .ids(let ids)): .ids(ids.compactMap(UUID.init(uuidString:)))
            case (_, .codes(let codes)): .statuses(codes)
            case (_, .tokens(let tokens)): .identifiers(tokens.compactMap(\.onRecord))
            case (.patient, .references(let targets)): .persons(targets.compactMap(\.uuid))
            case (_, .references(let targets)): .either(targets.compactMap(\.participant))
            case (_, .days), (_, .strings): .ids([])
            }
        }
    }

    var slotCriteria: [SlotCriterion] {
        criteria.map { criterion in
            switch (criterion.parameter, criterion.match) {
            case (.lastUpdated, .instants(let ranges)): .changed(ranges.map(\.onRecord))
            case (_, .instants(let ranges)): .starting(ranges.map(\.onRecord))
            case (_, .ids(let ids)): .ids(ids.compactMap(UUID.init(uuidString:)))
            case (_, .codes(let codes)): .statuses(codes)
            case (_, .references(let targets)): .resources(targets.compactMap(\.uuid))
            case (_, .tokens), (_, .days), (_, .strings): .ids([])
            }
        }
    }

    var scheduleCriteria: [ResourceCriterion] {
        criteria.map { criterion in
            switch criterion.match {
            case .instants(let ranges): .changed(ranges.map(\.onRecord))
            case .ids(let ids): .ids(ids.compactMap(UUID.init(uuidString:)))
            case .references(let targets):
                .either(
                    targets.compactMap { target in
                        target.uuid.map { id in [.ids([id])] + (target.kind.map { [.kind($0)] } ?? []) }
                    })
            case .codes, .tokens, .days, .strings: .ids([])
            }
        }
    }

    var personCriteria: [PersonCriterion] {
        criteria.map { criterion in
            switch (criterion.parameter, criterion.match) {
            case (_, .instants(let ranges)): .changed(ranges.map(\.onRecord))
            case (_, .ids(let ids)): .ids(ids.compactMap(UUID.init(uuidString:)))
            case (_, .tokens(let tokens)): .identifiers(tokens.compactMap(\.onRecord))
            case (.family, .strings(let texts)): .family(texts.map(\.onRecord))
            case (.given, .strings(let texts)): .given(texts.map(\.onRecord))
            case (_, .strings(let texts)): .name(texts.map(\.onRecord))
            case (_, .days(let ranges)): .born(ranges.map(\.onRecord))
            case (_, .codes), (_, .references): .ids([])
            }
        }
    }
}

extension SearchQuery.InstantRange {
    fileprivate var onRecord: Records.InstantRange { .init(from: from, before: before, isNegated: isNegated) }
}

extension SearchQuery.DayRange {
    fileprivate var onRecord: Records.DayRange {
        .init(from: from?.onRecord, before: before?.onRecord, isNegated: isNegated)
    }
}

extension CalendarDate {
    fileprivate var onRecord: CalendarDay? { CalendarDay(year: year, month: month, day: day) }
}

extension SearchQuery.Token {
    /// Nil for a system that is not ours, and for `|value`, an identifier without a system: there are none.
    fileprivate var onRecord: IdentifierMatch? {
        guard let system else { return IdentifierMatch(kind: nil, authority: nil, value: code) }
        guard let (kind, authority) = Systems.identifier(system) else { return nil }
        return IdentifierMatch(kind: kind, authority: authority, value: code)
    }
}

extension SearchQuery.Text {
    fileprivate var onRecord: NameMatch {
        switch mode {
        case .prefix: NameMatch(value, .prefix)
        case .contains: NameMatch(value, .contains)
        case .exact: NameMatch(value, .exact)
        }
    }
}

extension SearchQuery.Target {
    fileprivate var uuid: UUID? { UUID(uuidString: id) }

    fileprivate var kind: ResourceUse.Kind? {
        switch type {
        case .practitioner: .practitioner
        case .location: .location
        case .device: .device
        default: nil
        }
    }

    /// Without a type it may be a person or a resource.
    fileprivate var participant: AppointmentCriterion? {
        guard let uuid else { return nil }
        switch type {
        case .patient: return .persons([uuid])
        case nil: return .either([.persons([uuid]), .resources([uuid], kind: nil)])
        default: return .resources([uuid], kind: kind)
        }
    }
}
