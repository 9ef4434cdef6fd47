import Synchronization

/// One declared metric with its series.
final class Family: Sendable {
    enum Kind: Sendable, Equatable {
        case counter, gauge
        case histogram([Double])
    }

    struct Series {
        var value = 0.0
        var count = 0
        /// Observations in each bucket, not yet summed up; the last is beyond every bound.
        var buckets: [Int]
        let bounds: [Double]

        init(_ kind: Kind) {
            if case .histogram(let bounds) = kind {
                self.bounds = bounds
                buckets = Array(repeating: 0, count: bounds.count + 1)
            } else {
                bounds = []
                buckets = []
            }
        }

        mutating func observe(_ observation: Double) {
            value += observation
            count += 1
            buckets[bounds.firstIndex { observation <= $0 } ?? bounds.count] += 1
        }
    }

    let name: String
    private let help: String
    private let kind: Kind
    private let labels: [(name: String, values: [String])]
    private let series: Mutex<[[String]: Series]>
    /// Where the value is kept elsewhere: read whenever it is asked for.
    private let reading: (@Sendable () -> Double)?

    /// Up to this many series are there from the start, at zero, so that a rate over the first event can be told.
    private static let eager = 64

    init(
        name: String, help: String, kind: Kind, labels: [(name: String, values: [String])],
        reading: (@Sendable () -> Double)? = nil
    ) {
        precondition(Self.isName(name) && labels.allSatisfy { Self.isName($0.name) && $0.name != "le" }, "a bad name")
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.reading = reading
        var combinations: [[String]] = [[]]
        for label in labels where combinations.count <= Self.eager {
            combinations = combinations.flatMap { head in label.values.map { head + [$0] } }
        }
        if combinations.count > Self.eager { combinations = [] }
        series = Mutex(Dictionary(combinations.map { ($0, Series(kind)) }) { first, _ in first })
    }

    func isDeclared(like other: Family) -> Bool {
        kind == other.kind && help == other.help
            && labels.elementsEqual(other.labels) { $0.name == $1.name && $0.values == $1.values }
    }

    func update(_ given: [String: String], _ change: (inout Series) -> Void) {
        assert(given.keys.allSatisfy { key in labels.contains { $0.name == key } }, "a label that is not declared")
        let key = labels.map { label in
            given[label.name].flatMap { label.values.contains($0) ? $0 : nil } ?? "other"
        }
        series.withLock { change(&$0[key, default: Series(kind)]) }
    }

    func exposition() -> String {
        let word =
            switch kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        var text = "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(word)\n"
        if let reading { return text + Self.line(name, [], reading()) }
        let sorted = series.withLock { $0.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
        for (values, series) in sorted {
            let pairs = zip(labels, values).map { ($0.name, $1) }
            guard case .histogram(let bounds) = kind else {
                text += Self.line(name, pairs, series.value)
                continue
            }
            var below = 0
            for (bound, count) in zip(bounds.map(Self.number) + ["+Inf"], series.buckets) {
                below += count
                text += Self.line(name + "_bucket", pairs + [("le", bound)], Double(below))
            }
            text += Self.line(name + "_sum", pairs, series.value)
            text += Self.line(name + "_count", pairs, Double(series.count))
        }
        return text
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: Double) -> String {
        guard !labels.isEmpty else { return "\(name) \(number(value))\n" }
        let pairs = labels.map { "\($0)=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
        return "\(name){\(pairs)} \(number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        return quotes ? escaped.replacing("\"", with: "\\\"") : escaped
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
    }
}
