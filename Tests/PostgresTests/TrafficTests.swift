import Postgres
import TestSupport
import Testing

/// What is counted of a session: waits for the server, and statements.
@Suite struct TrafficTests {
    private static func session() async throws -> (Session, Traffic) {
        let traffic = Traffic()
        var configuration = try await TestDatabase.make().configuration()
        configuration.traffic = traffic
        let session = try await Session.connect(configuration)
        try await session.script("CREATE TABLE thing (id bigint)")
        try await session.execute("SELECT 1")  // after a script the session forgets what it has prepared
        return (session, traffic)
    }

    private struct Count: Equatable {
        var roundTrips: Int
        var statements: Int
    }

    /// What `body` adds.
    private static func count(_ traffic: Traffic, _ body: () async throws -> Void) async rethrows -> Count {
        let (roundTrips, statements) = (traffic.roundTrips, traffic.statements)
        try await body()
        return Count(roundTrips: traffic.roundTrips - roundTrips, statements: traffic.statements - statements)
    }

    @Test func `a statement is one round trip, and preparing it the first time another`() async throws {
        let (session, traffic) = try await Self.session()
        #expect(
            try await Self.count(traffic) { try await session.execute("INSERT INTO thing VALUES (\(1))") }
                == Count(roundTrips: 2, statements: 1))
        #expect(
            try await Self.count(traffic) { try await session.execute("INSERT INTO thing VALUES (\(2))") }
                == Count(roundTrips: 1, statements: 1))
    }

    @Test func `what goes out together is one round trip, of as many statements as it has`() async throws {
        let (session, traffic) = try await Self.session()
        func insertTwice() async throws {
            try await session.transaction { transaction in
                try await transaction.later("INSERT INTO thing VALUES (\(1))")
                try await transaction.later("INSERT INTO thing VALUES (\(2))")
            }
        }
        try await insertTwice()
        // BEGIN, two INSERTs, COMMIT.
        #expect(try await Self.count(traffic) { try await insertTwice() } == Count(roundTrips: 1, statements: 4))
    }

    @Test func `a COPY is asked for and then heard out`() async throws {
        let (session, traffic) = try await Self.session()
        var rows = CopyRows()
        rows.append(Int64(1))
        #expect(
            try await Self.count(traffic) {
                try await session.copyIn("COPY thing FROM STDIN (FORMAT binary)", rows)
            } == Count(roundTrips: 2, statements: 1))
    }

    @Test func `sessions that do not say else are counted for the process`() async throws {
        let session = try await TestDatabase.make().session()
        #expect(
            try await Self.count(.ofProcess) { try await session.execute("SELECT 1") }.statements >= 1)
    }
}
