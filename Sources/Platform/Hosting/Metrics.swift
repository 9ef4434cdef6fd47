import Synchronization

/// The metrics of one process. Each is declared once with its help text and, for every label, the closed set of its
/// values; a value outside of the set is counted as `other`. So no label can carry a patient's data, and the number of
/// series is known beforehand.
package final class Metrics: Sendable {
    private let families = Mutex<[String: Family]>([:])

    package init() {}

    /// A number that only grows. Its name ends in `_total`.
    package func counter(
        _ name: String, help: String, labels: KeyValuePairs<String, [String]> = [:]
    ) -> Counter {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total")
        return Counter(family: declare(name, help, .counter, labels))
    }

    /// A number that only grows and is kept elsewhere: `reading` gives it. Its name ends in `_total`.
    package func counter(_ name: String, help: String, reading: @escaping @Sendable () -> Double) {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total")
        _ = declare(name, help, .counter, [:], reading: reading)
    }

    /// A number that goes up and down.
    package func gauge(_ name: String, help: String, labels: KeyValuePairs<String, [String]> = [:]) -> Gauge {
        Gauge(family: declare(name, help, .gauge, labels))
    }

    /// How observations spread over buckets, whose upper bounds grow. Its name ends in its unit.
    package func histogram(
        _ name: String, help: String, labels: KeyValuePairs<String, [String]> = [:],
        buckets: [Double] = Histogram.latency
    ) -> Histogram {
        precondition(!buckets.isEmpty && zip(buckets, buckets.dropFirst()).allSatisfy(<), "the bounds of buckets grow")
        return Histogram(family: declare(name, help, .histogram(buckets), labels))
    }

    /// All metrics in Prometheus' text exposition format 0.0.4.
    package func exposition() -> String {
        let sorted = families.withLock { $0.values.sorted { $0.name < $1.name } }
        return sorted.map { $0.exposition() }.joined()
    }

    /// The label values of an enum.
    package static func values<Word: CaseIterable & RawRepresentable<String>>(_: Word.Type) -> [String] {
        Word.allCases.map(\.rawValue)
    }

    /// The same declaration twice is the same metric; another one under a taken name is a mistake.
    private func declare(
        _ name: String, _ help: String, _ kind: Family.Kind, _ labels: KeyValuePairs<String, [String]>,
        reading: (@Sendable () -> Double)? = nil
    ) -> Family {
        let made = Family(
            name: name, help: help, kind: kind, labels: labels.map { ($0.key, $0.value) }, reading: reading)
        return families.withLock { families in
            if let known = families[name] {
                precondition(known.isDeclared(like: made), "two different metrics are declared under one name")
                return known
            }
            families[name] = made
            return made
        }
    }
}

package struct Counter: Sendable {
    let family: Family

    package func add(_ amount: Double = 1, _ labels: [String: String] = [:]) {
        precondition(amount >= 0, "a counter only grows")
        family.update(labels) { $0.value += amount }
    }
}

package struct Gauge: Sendable {
    let family: Family

    package func set(_ value: Double, _ labels: [String: String] = [:]) {
        family.update(labels) { $0.value = value }
    }

    package func add(_ amount: Double, _ labels: [String: String] = [:]) {
        family.update(labels) { $0.value += amount }
    }
}

package struct Histogram: Sendable {
    /// Seconds, from a millisecond to a minute.
    package static let latency = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    let family: Family

    package func observe(_ value: Double, _ labels: [String: String] = [:]) {
        family.update(labels) { $0.observe(value) }
    }

    /// Seconds.
    package func observe(_ duration: Duration, _ labels: [String: String] = [:]) {
        observe(duration / .seconds(1), labels)
    }
}
