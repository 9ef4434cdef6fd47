import Postgres

/// What this program asks of the database. Divided by the messages it is what one costs.
enum DatabaseTraffic {
    static func declare(in metrics: Metrics) {
        metrics.counter(
            "pmsync_database_round_trips_total", help: "How many times a session waited for the database server."
        ) { Double(Traffic.ofProcess.roundTrips) }
        metrics.counter("pmsync_database_statements_total", help: "Statements sent to the database server.") {
            Double(Traffic.ofProcess.statements)
        }
    }
}
