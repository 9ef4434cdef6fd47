import Postgres

/// What this program asks of the database: what a message costs is this over the messages.
enum DatabaseTraffic {
    static func declare(in metrics: Metrics) {
        metrics.counter(
            "pmsync_database_round_trips_total", help: "How often a session waited for the database server."
        ) { Double(Traffic.ofProcess.roundTrips) }
        metrics.counter("pmsync_database_statements_total", help: "Statements that the database server was sent.") {
            Double(Traffic.ofProcess.statements)
        }
    }
}
