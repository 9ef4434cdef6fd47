import Hosting

/// What the console tells of itself. A request's path is no label: it may name a record.
struct ConsoleMetrics: Sendable {
    private static let classes = ["2xx", "3xx", "4xx", "5xx"]

    let requests: Counter
    let seconds: Histogram
    let signIns: Counter

    init(_ metrics: Metrics) {
        requests = metrics.counter(
            "pmsync_console_requests_total", help: "Requests answered, by the class of the status.",
            labels: ["status": Self.classes])
        seconds = metrics.histogram(
            "pmsync_console_request_seconds", help: "From the request's head to the answer's.")
        signIns = metrics.counter(
            "pmsync_console_sign_ins_total", help: "Attempts to sign in, by how they ended.",
            labels: ["outcome": ["done", "refused"]])
    }

    func answered(_ status: Int, after duration: Duration) {
        requests.add(1, ["status": "\(status / 100)xx"])
        seconds.observe(duration)
    }
}
