package import Hosting

/// Everything that the gateway counts.
package struct GatewayMetrics: Sendable {
    package let messages: Counter
    package let commits: Counter
    package let commitFailures: Counter
    package let acknowledged: Histogram
    package let repeats: Counter
    package let reusedIDs: Counter
    package let refusals: Counter
    package let waitingBytes: Gauge
    package let requests: Counter
    package let requestSeconds: Histogram
    package let streams: Gauge

    package static let fates = ["accepted", "refused", "not_allowed", "not_now", "unstorable"]
    package static let reasons = [
        "restarted", "closed", "late", "bad-trailer", "too-long", "outside-frame", "empty-frame", "not-mllp",
        "too-many-connections", "not-allowed",
        "unstorable",
    ]
    package static let statuses = ["2xx", "3xx", "4xx", "5xx"]

    package init(_ metrics: Metrics) {
        messages = metrics.counter(
            "pmsync_messages_received_total", help: "Messages that were answered, by what became of them.",
            labels: ["outcome": Self.fates])
        commits = metrics.counter("pmsync_intake_commits_total", help: "Transactions of the intake that committed.")
        commitFailures = metrics.counter(
            "pmsync_intake_failures_total", help: "Transactions of the intake that failed and were tried again.")
        acknowledged = metrics.histogram(
            "pmsync_ack_seconds", help: "From a whole message to its answer, commit included.")
        repeats = metrics.counter(
            "pmsync_messages_repeated_total", help: "Messages that were on record already: acknowledged, not run again."
        )
        reusedIDs = metrics.counter(
            "pmsync_control_ids_reused_total", help: "Messages under a control id that stands for other bytes already.")
        refusals = metrics.counter(
            "pmsync_refusals_total", help: "What never became a journal entry, by reason.",
            labels: ["reason": Self.reasons])
        waitingBytes = metrics.gauge("pmsync_intake_waiting_bytes", help: "Bytes that wait for a commit.")
        requests = metrics.counter(
            "pmsync_http_requests_total", help: "HTTP requests, by route and status.",
            labels: ["route": Permission.routes, "status": Self.statuses])
        requestSeconds = metrics.histogram(
            "pmsync_http_request_seconds", help: "From a request's head to its answer's.",
            labels: ["route": Permission.routes])
        streams = metrics.gauge("pmsync_change_streams", help: "Open streams of changes.")
    }
}
