import Hosting
import Synchronization
import Testing

@Suite struct MetricsTests {
    private enum Outcome: String, CaseIterable { case done, parked }

    @Test func `the exposition is what Prometheus reads`() {
        let metrics = Metrics()
        let jobs = metrics.counter(
            "pmsync_jobs_total", help: "Jobs that ended, by \"outcome\"\nand more \\ less.",
            labels: ["outcome": Metrics.values(Outcome.self)])
        let depth = metrics.gauge("pmsync_queue_jobs", help: "Jobs that wait.")
        let took = metrics.histogram(
            "pmsync_job_seconds", help: "How long a job took.", buckets: [0.25, 1])
        jobs.add(2, ["outcome": "done"])
        jobs.add(1, ["outcome": "Ada Lovelace"])
        depth.set(2.5)
        depth.add(-1)
        took.observe(0.25)
        took.observe(.milliseconds(500))
        took.observe(7)
        #expect(
            metrics.exposition() == """
                # HELP pmsync_job_seconds How long a job took.
                # TYPE pmsync_job_seconds histogram
                pmsync_job_seconds_bucket{le="0.25"} 1
                pmsync_job_seconds_bucket{le="1"} 2
                pmsync_job_seconds_bucket{le="+Inf"} 3
                pmsync_job_seconds_sum 7.75
                pmsync_job_seconds_count 3
                # HELP pmsync_jobs_total Jobs that ended, by "outcome"\\nand more \\\\ less.
                # TYPE pmsync_jobs_total counter
                pmsync_jobs_total{outcome="done"} 2
                pmsync_jobs_total{outcome="other"} 1
                pmsync_jobs_total{outcome="parked"} 0
                # HELP pmsync_queue_jobs Jobs that wait.
                # TYPE pmsync_queue_jobs gauge
                pmsync_queue_jobs 1.5

                """)
    }

    @Test func `a counter that is kept elsewhere is read whenever the exposition is`() {
        let metrics = Metrics()
        let kept = Kept()
        metrics.counter("pmsync_kept_total", help: "K.") { kept.value.withLock { $0 } }
        kept.value.withLock { $0 = 3 }
        #expect(
            metrics.exposition() == """
                # HELP pmsync_kept_total K.
                # TYPE pmsync_kept_total counter
                pmsync_kept_total 3

                """)
    }

    private final class Kept: Sendable {
        let value = Mutex(0.0)
    }

    @Test func `a value outside of the declared set makes no series of its own`() {
        let metrics = Metrics()
        let counter = metrics.counter("pmsync_x_total", help: "X.", labels: ["code": ["a"], "stage": ["b", "c"]])
        for name in ["Ada", "Grace", "Edith"] { counter.add(1, ["code": name, "stage": "b"]) }
        counter.add(1, ["code": "a"])
        let series = metrics.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            series == [
                "pmsync_x_total{code=\"a\",stage=\"b\"} 0", "pmsync_x_total{code=\"a\",stage=\"c\"} 0",
                "pmsync_x_total{code=\"a\",stage=\"other\"} 1", "pmsync_x_total{code=\"other\",stage=\"b\"} 3",
            ])
    }

    @Test func `a quote or a line's end in a label is escaped`() {
        let metrics = Metrics()
        metrics.gauge("pmsync_feed", help: "F.", labels: ["feed": ["a\"b\\c\nd"]]).set(1, ["feed": "a\"b\\c\nd"])
        #expect(metrics.exposition().contains("pmsync_feed{feed=\"a\\\"b\\\\c\\nd\"} 1\n"))
    }

    @Test func `what is declared twice alike is one metric`() {
        let metrics = Metrics()
        metrics.counter("pmsync_y_total", help: "Y.").add(1)
        metrics.counter("pmsync_y_total", help: "Y.").add(1)
        #expect(metrics.exposition().contains("pmsync_y_total 2\n"))
    }

    @Test func `what is declared twice differently ends the program`() async {
        await #expect(processExitsWith: .failure) {
            let metrics = Metrics()
            _ = metrics.counter("pmsync_y_total", help: "Y.")
            _ = metrics.gauge("pmsync_y_total", help: "Y.")
        }
    }
}
