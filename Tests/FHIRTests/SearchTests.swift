import FHIR
import Foundation
import Testing

struct SearchTests {
    static func query(_ query: String, _ type: ResourceType = .appointment) throws -> SearchQuery {
        try SearchQuery(type, query: query, zone: Samples.denver)
    }

    static func instant(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    static func range(_ value: String) throws -> SearchQuery.InstantRange {
        guard case .instants(let ranges) = try query("date=" + value).criteria[0].match, ranges.count == 1 else {
            throw SearchError.badDate(.date)
        }
        return ranges[0]
    }

    @Test(
        "A date at any precision is a half-open range in the practice's zone",
        arguments: [
            ("2026-11-03", "2026-11-03T07:00:00Z", "2026-11-04T07:00:00Z"),
            ("2026-11-01", "2026-11-01T06:00:00Z", "2026-11-02T07:00:00Z"),  // 25 hours
            ("2026-03-08", "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"),  // 23 hours
            ("2026-12", "2026-12-01T07:00:00Z", "2027-01-01T07:00:00Z"),
            ("2026", "2026-01-01T07:00:00Z", "2027-01-01T07:00:00Z"),
            ("2026-11-03T09:15", "2026-11-03T16:15:00Z", "2026-11-03T16:16:00Z"),
            ("2026-11-03T09:15:20", "2026-11-03T16:15:20Z", "2026-11-03T16:15:21Z"),
            ("2026-11-03T09:15:20Z", "2026-11-03T09:15:20Z", "2026-11-03T09:15:21Z"),
            ("2026-11-03T09:15:20%2B05:30", "2026-11-03T03:45:20Z", "2026-11-03T03:45:21Z"),
            ("2026-11-03T09:15:20+05:30", "2026-11-03T03:45:20Z", "2026-11-03T03:45:21Z"),  // + unescaped
            ("2026-11-01T01:30", "2026-11-01T07:30:00Z", "2026-11-01T07:31:00Z"),  // twice: the first
            ("2026-03-08T02:30", "2026-03-08T09:00:00Z", "2026-03-08T09:01:00Z"),  // never: the skip
        ])
    func precision(value: String, from: String, before: String) throws {
        let range = try Self.range(value)
        #expect(range.from == (try Self.instant(from)))
        #expect(range.before == (try Self.instant(before)))
        #expect(!range.isNegated)
    }

    @Test(
        "A prefix opens the range on the side that it names",
        arguments: [
            ("eq2026-11-03", true, true, false), ("ne2026-11-03", true, true, true),
            ("ge2026-11-03", true, false, false), ("lt2026-11-03", false, true, false),
        ])
    func prefixes(value: String, from: Bool, before: Bool, negated: Bool) throws {
        let range = try Self.range(value)
        #expect((range.from != nil) == from && (range.before != nil) == before && range.isNegated == negated)
    }

    @Test("gt starts after the whole day, and le ends after it")
    func wholeDayPrefixes() throws {
        let midnight = try Self.instant("2026-11-04T07:00:00Z")
        #expect(try Self.range("gt2026-11-03").from == midnight)
        #expect(try Self.range("sa2026-11-03").from == midnight)
        #expect(try Self.range("le2026-11-03").before == midnight)
        #expect(try Self.range("eb2026-11-03").before == (try Self.instant("2026-11-03T07:00:00Z")))
    }

    @Test("Parameters that are repeated all hold; commas are alternatives; an escaped comma is neither")
    func andOr() throws {
        let query = try Self.query("date=ge2026-11-03&date=lt2026-11-10&status=booked,arrived&identifier=a%5C,b,c")
        #expect(query.criteria.map(\.parameter) == [.date, .date, .status, .identifier])
        #expect(query.criteria[2].match == .codes(["booked", "arrived"]))
        #expect(query.criteria[3].match == .tokens([.init("a,b"), .init("c")]))
    }

    @Test("A token says system and value, either, or no system")
    func tokens() throws {
        let query = try Self.query(
            "identifier=urn:x|7,7,urn:x|,|7,a\\|b&status=http://hl7.org/fhir/appointmentstatus|noshow")
        #expect(
            query.criteria[0].match
                == .tokens([
                    .init("7", system: "urn:x"), .init("7"), .init(nil, system: "urn:x"), .init("7", system: ""),
                    .init("a|b"),
                ]))
        #expect(query.criteria[1].match == .codes(["noshow"]))
    }

    @Test("A reference is an id, a type with an id, or a whole URL")
    func references() throws {
        let query = try Self.query(
            "patient=7&patient=Patient/7&patient=https://x.example/fhir/Patient/7&actor=7&actor:Location=7&location=Location/a,b"
        )
        let seven = SearchQuery.Match.references([.init(.patient, "7")])
        #expect(
            query.criteria[0].match == seven && query.criteria[1].match == seven && query.criteria[2].match == seven)
        #expect(query.criteria[3].match == .references([.init(nil, "7")]))
        #expect(query.criteria[4].match == .references([.init(.location, "7")]))
        #expect(query.criteria[5].match == .references([.init(.location, "a"), .init(.location, "b")]))
    }

    @Test("A name is matched from its start, anywhere, or exactly; a birth date is a range of days")
    func patients() throws {
        let query = try Self.query(
            "family=O%27B&given:contains=nn&name:exact=Ann&birthdate=1980-02&birthdate=ge1979", .patient)
        #expect(query.criteria[0].match == .strings([.init("O'B", .prefix)]))
        #expect(query.criteria[1].match == .strings([.init("nn", .contains)]))
        #expect(query.criteria[2].match == .strings([.init("Ann", .exact)]))
        guard case .days(let month) = query.criteria[3].match, case .days(let since) = query.criteria[4].match else {
            Issue.record("birthdate is days")
            return
        }
        #expect(month[0].from == CalendarDate("1980-02-01") && month[0].before == CalendarDate("1980-03-01"))
        #expect(since[0].from == CalendarDate("1979-01-01") && since[0].before == nil)
    }

    @Test(
        "What cannot be answered as asked is an error that names the parameter",
        arguments: [
            ("zone=1", "unknown-parameter"), ("patient.name=x", "unknown-parameter"),
            ("_sort=date", "unknown-parameter"),
            ("date:near=2026", "modifier-not-supported"), ("status:not=booked", "modifier-not-supported"),
            ("actor:Slot=7", "modifier-not-supported"), ("date=ap2026", "prefix-not-supported"),
            ("date=2026-13", "bad-date"),
            ("date=2026-02-29", "bad-date"), ("date=tomorrow", "prefix-not-supported"), ("date=9999", "bad-date"),
            ("identifier=|", "bad-token"), ("identifier=a|b|c", "bad-token"), ("status=kept", "unknown-code"),
            ("status=urn:x|booked", "unknown-code"), ("patient=Location/7", "bad-reference"),
            ("patient=a%20b", "bad-reference"),
            ("status=booked,", "empty-value"), ("date=", "empty-value"), ("_count=-1", "bad-count"),
            ("_count=ten", "bad-count"),
            ("_count=1&_count=2", "repeated-parameter"), ("_format=xml", "not-json"), ("date=%ZZ", "bad-escape"),
        ])
    func errors(query: String, reason: String) throws {
        let error = try #require(throws: SearchError.self) { try Self.query(query) }
        #expect(error.reason == reason)
        #expect(error.outcome.issue[0].details?.coding[0].code == reason)
    }

    @Test("An unknown parameter's error names the known ones, and never repeats what is not a name")
    func unknown() throws {
        let error = try #require(throws: SearchError.self) { try Self.query("start=2026", .appointment) }
        #expect(
            error.sentence.hasPrefix("There is no search parameter start here. Known are: _id, _lastUpdated, date,"))
        let rude = try #require(throws: SearchError.self) { try Self.query("%3Cscript%3E=2026") }
        #expect(!rude.sentence.contains("script"))
    }

    @Test("Every parameter of every resource is known to the CapabilityStatement, and the other way round")
    func metadata() throws {
        let statement = CapabilityStatement(version: "1", date: Samples.start, url: nil)
        for served in statement.rest[0].resource {
            for parameter in served.searchParam {
                let value = parameter.type == .date ? "2026" : parameter.name == "status" ? "busy" : "x"
                if served.type == .appointment && parameter.name == "status" { continue }
                #expect(throws: Never.self) { try Self.query("\(parameter.name)=\(value)", served.type) }
            }
            #expect(served.interaction.map(\.code) == ["read", "search-type"])
        }
        #expect(statement.rest[0].resource.map(\.type) == [.appointment, .slot, .schedule, .patient])
    }

    @Test("The next page's URL asks for the same search at its cursor")
    func pages() throws {
        let asked = try Self.query("date=ge2026-11-03T09:00:00%2B05:30&identifier=a%5C,b%20c&_count=50")
        let next = asked.url(cursor: "MTIz+/=")
        #expect(next.hasPrefix("Appointment?date="))
        let again = try Self.query(String(next.dropFirst("Appointment?".count)))
        #expect(again.criteria == asked.criteria && again.count == 50 && again.cursor == "MTIz+/=")
        #expect(again.url(cursor: nil) == asked.url(cursor: nil))
        #expect(try Self.query("").url(cursor: nil) == "Appointment")
    }
}

extension SearchQuery.Token {
    fileprivate init(_ code: String?, system: String? = nil) { self.init(system: system, code: code) }
}

extension SearchQuery.Target {
    fileprivate init(_ type: ResourceType?, _ id: String) { self.init(type: type, id: id) }
}

extension SearchQuery.Text {
    fileprivate init(_ value: String, _ mode: Mode) { self.init(value: value, mode: mode) }
}
