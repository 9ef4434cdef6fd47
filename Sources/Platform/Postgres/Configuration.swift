import CLibPQ

/// Where a database is and how a session there behaves. The URL wins over these defaults.
package struct Configuration: Sendable {
    /// `postgres://user:password@host:port/database?sslmode=...`; a unix socket by `?host=/folder`.
    package let url: String
    /// Takes the place of the URL's database.
    package var database: String?
    /// Taken with SET ROLE once connected.
    package var role: String?
    package var applicationName = "pmsync"
    package var connectTimeout: Duration = .seconds(5)
    /// A single statement's time; nil for no limit, as for the next two.
    package var statementTimeout: Duration? = .seconds(60)
    package var lockTimeout: Duration? = .seconds(10)
    package var idleInTransactionTimeout: Duration? = .seconds(300)
    /// How long what was sent may stay unacknowledged before the connection counts as lost.
    package var silenceTimeout: Duration = .seconds(15)
    package var plans = Plans.asPostgresDecides
    /// Where its sessions' round trips and statements are counted.
    package var traffic = Traffic.ofProcess

    /// How statements that run again and again are planned.
    package enum Plans: Sendable {
        /// For the first five runs by their parameters, then as seems cheaper: right for searches.
        case asPostgresDecides
        /// Once for any parameters: right for looks by key, whose planning takes longer than their running.
        case once
        /// Once, row by row along an index: right where a known few rows are looked up or changed by key in tables that are
        /// empty one moment and long the next, so that what is known of their size says nothing.
        case onceByKey
    }

    package init(url: String, role: String? = nil, applicationName: String = "pmsync") throws(PostgresError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else { throw .connection(.url) }
        let options = unsafe PQconninfoParse(url, nil)
        guard let options = unsafe options else { throw .connection(.url) }
        unsafe PQconninfoFree(options)
        self.url = url
        self.role = role
        self.applicationName = applicationName
    }

    /// For libpq, in its order: what comes later wins.
    var keywords: [(String, String)] {
        var keywords = [
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))),
            ("keepalives", "1"), ("keepalives_idle", "30"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String(silenceTimeout.milliseconds)),
            ("fallback_application_name", applicationName),
            ("client_encoding", "UTF8"),
            ("dbname", url),
        ]
        if let database { keywords.append(("dbname", database)) }
        return keywords
    }

    /// Run as soon as a connection is made. UTC, so that a `date` made of a time does not depend on the server.
    var preamble: String {
        var statements = ["SET TimeZone = 'UTC'", "SET standard_conforming_strings = on"]
        statements.append("SET statement_timeout = \(statementTimeout?.milliseconds ?? 0)")
        statements.append("SET lock_timeout = \(lockTimeout?.milliseconds ?? 0)")
        statements.append("SET idle_in_transaction_session_timeout = \(idleInTransactionTimeout?.milliseconds ?? 0)")
        statements += plans.settings
        if let role { statements.append("SET ROLE \(identifier(role))") }
        return statements.joined(separator: "; ")
    }
}

/// A name quoted for SQL.
func identifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension Configuration.Plans {
    fileprivate var settings: [String] {
        switch self {
        case .asPostgresDecides: []
        case .once: ["SET plan_cache_mode = force_generic_plan"]
        case .onceByKey:
            Self.once.settings
                + ["seqscan", "bitmapscan", "hashjoin", "mergejoin"].map { "SET enable_\($0) = off" }
        }
    }
}
