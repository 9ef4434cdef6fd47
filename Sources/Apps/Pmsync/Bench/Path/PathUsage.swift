import AsyncHTTPClient
import Foundation
import NIOCore
import Postgres

/// What the path has used up to one moment. Two of them are the ends of the window that is measured.
struct PathUsage: Sendable {
    /// Nanoseconds of the monotonic clock.
    let at: UInt64
    /// Seconds of the processor, by program; PostgreSQL's as `postgres`, this process's as `bench`.
    let processor: [String: Double]
    /// By program.
    let roundTrips: [String: Double]
    let statements: [String: Double]
    let commits: Double
    let walBytes: Double

    static let postgres = "postgres"
    static let bench = "bench"

    static func read(_ stage: PathStage) async throws -> PathUsage {
        let row = try await stage.pool.query(
            """
            SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8
            FROM pg_stat_database WHERE datname = current_database()
            """)[0]
        let (commits, wal) = try row.decode((Int64, Double).self)
        var roundTrips: [String: Double] = [:]
        var statements: [String: Double] = [:]
        for program in stage.programs {
            let metrics = try await metrics(program.adminPort)
            roundTrips[program.name] = metrics["pmsync_database_round_trips_total"]
            statements[program.name] = metrics["pmsync_database_statements_total"]
        }
        var processor = [
            postgres: ProcessUsage.processor(ofTree: stage.postmaster),
            bench: ProcessUsage.processor(of: ProcessInfo.processInfo.processIdentifier),
        ]
        for program in stage.programs { processor[program.name] = ProcessUsage.processor(of: program.pid) }
        return PathUsage(
            at: PathTraffic.now, processor: processor, roundTrips: roundTrips, statements: statements,
            commits: Double(commits), walBytes: wal)
    }

    /// The metrics of one program that have no labels.
    private static func metrics(_ port: Int) async throws -> [String: Double] {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/metrics")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1 << 22)
        var metrics: [String: Double] = [:]
        for line in String(buffer: body).split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Double(words[1]) { metrics[String(words[0])] = value }
        }
        return metrics
    }
}

/// The difference of two readings, divided by the messages that both webhooks acknowledged in between.
struct PathCost: Sendable {
    let before: PathUsage
    let after: PathUsage
    let messages: Int

    var seconds: Double { Double(after.at - before.at) / 1e9 }

    /// The programs under test, PostgreSQL last.
    var programs: [String] {
        before.processor.keys.filter { $0 != PathUsage.bench && $0 != PathUsage.postgres }.sorted()
            + [PathUsage.postgres]
    }

    /// Milliseconds of the processor a message.
    func processor(_ program: String) -> Double {
        each((after.processor[program] ?? 0) - (before.processor[program] ?? 0)) * 1000
    }

    var processor: Double { programs.map { processor($0) }.reduce(0, +) }

    func roundTrips(_ program: String) -> Double {
        each((after.roundTrips[program] ?? 0) - (before.roundTrips[program] ?? 0))
    }

    var roundTrips: Double { programs.map { roundTrips($0) }.reduce(0, +) }

    func statements(_ program: String) -> Double {
        each((after.statements[program] ?? 0) - (before.statements[program] ?? 0))
    }

    var statements: Double { programs.map { statements($0) }.reduce(0, +) }

    var commits: Double { each(after.commits - before.commits) }

    var walBytes: Double { each(after.walBytes - before.walBytes) }

    /// How much of all cores was busy with the path and the bench, in percent.
    func share(of cores: Int) -> Double {
        let names = programs + [PathUsage.bench]
        let used = names.map { (after.processor[$0] ?? 0) - (before.processor[$0] ?? 0) }.reduce(0, +)
        return used / seconds / Double(cores) * 100
    }

    private func each(_ amount: Double) -> Double { messages == 0 ? .nan : amount / Double(messages) }
}
