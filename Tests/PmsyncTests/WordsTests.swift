import Foundation
import HL7
import Postgres
import Testing

@testable import Pmsync

@Suite struct WordsTests {
    @Test(arguments: ["2026-11-22/123", "123"])
    func `A message's id is taken as it is printed, and by its number alone`(text: String) throws {
        let id = try #require(MessageID(argument: text))
        #expect(id.number == 123)
        #expect(id.description == text)
    }

    @Test(arguments: ["", "/", "0", "-1", "x", "2026-13-01/1", "2026-11-22/", "2026-11-22/1/2", "22/1"])
    func `What is no id of a message is not taken for one`(text: String) {
        #expect(MessageID(argument: text) == nil)
    }

    @Test(arguments: [
        ("2026-11-22", 1_795_305_600.0), ("2026-11-22T08:00:00-06:00", 1_795_356_000), ("90m", 999_994_600),
        ("24h", 999_913_600), ("7d", 999_395_200),
    ])
    func `A moment is a day, an instant, or so long ago`(text: String, seconds: TimeInterval) {
        let now = Date(timeIntervalSince1970: 1_000_000_000)
        #expect(Since(text, now: now)?.date == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: ["", "d", "-1d", "yesterday", "2026-13-01", "5w"])
    func `What is no moment is not taken for one`(text: String) {
        #expect(Since(text, now: Date()) == nil)
    }

    @Test(arguments: [("localhost:2575", "localhost", 2575), ("[::1]:1", "::1", 1)])
    func `An address is a host and a port`(text: String, host: String, port: Int) throws {
        let address = try #require(HostPort(argument: text))
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(arguments: ["localhost", "localhost:", ":2575", "localhost:0", "localhost:65536", "localhost:x"])
    func `Half an address is none`(text: String) {
        #expect(HostPort(argument: text) == nil)
    }

    @Test func `An error within a file's third message names the file's byte`() {
        #expect(HL7Error.secondHeader(at: 5).moved(by: 100) == .secondHeader(at: 105))
        #expect(HL7Error.badSeparators(at: 3).moved(by: 100).position == 103)
    }

    @Test func `A percentile is a value that was measured`() {
        let values = Percentiles((1...200).map(Double.init))
        #expect(values[0.5] == 100)
        #expect(values[0.99] == 198)
        #expect(values[1] == 200)
        #expect(Percentiles([7])[0.99] == 7)
        #expect(Percentiles([])[0.5].isNaN)
    }
}
