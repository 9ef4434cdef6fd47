import Yams

/// One mapping of a YAML file, read key by key. What is wrong goes to `problems` with its line; reading goes on.
struct Section {
    let file: String
    let line: Int
    let problems: Problems
    private let entries: [(key: Scalar, value: Node)]

    struct Scalar {
        let text: String
        let line: Int
    }

    /// nil when the text is no YAML mapping, which is then a problem.
    init?(file: String, text: String, problems: Problems) {
        do {
            guard let node = try compose(yaml: text) else {
                problems.add(file, 1, "the file is empty")
                return nil
            }
            self.init(file: file, node: node, problems: problems)
        } catch let error as YamlError {
            problems.add(file, error.line, "not YAML: \(error.sentence)")
            return nil
        } catch {
            problems.add(file, 1, "not YAML")
            return nil
        }
    }

    private init?(file: String, node: Node, problems: Problems) {
        line = node.mark?.line ?? 1
        guard let mapping = node.mapping else {
            problems.add(file, line, "expected keys with values")
            return nil
        }
        self.file = file
        self.problems = problems
        entries = mapping.map { key, value in
            (Scalar(text: key.string ?? "", line: key.mark?.line ?? 1), value)
        }
    }

    /// Every key that is none of `known` is a problem.
    func allow(_ known: [String]) {
        for entry in entries where !known.contains(entry.key.text) {
            problems.unknown("key", entry.key.text, among: known, file, entry.key.line)
        }
    }

    var keys: [Scalar] { entries.map(\.key) }

    func line(of key: String) -> Int { entries.first { $0.key.text == key }?.key.line ?? line }

    /// A single value; nil when the key is not there. An empty value (`key:`) is "".
    func scalar(_ key: String) -> Scalar? {
        guard let node = node(key) else { return nil }
        if let scalar = node.scalar {
            return Scalar(text: node.isNull ? "" : scalar.string, line: node.mark?.line ?? line)
        }
        problems.add(file, node.mark?.line ?? line, "\"\(key)\" takes one value")
        return nil
    }

    /// A value that must be there.
    func required(_ key: String) -> Scalar? {
        let found = scalar(key)
        if node(key) == nil { problems.add(file, line, "\"\(key)\" is missing") }
        return found
    }

    /// A list of values, or one; nil when the key is not there.
    func list(_ key: String) -> [Scalar]? {
        guard let node = node(key) else { return nil }
        if let scalar = node.scalar {
            return node.isNull ? [] : [Scalar(text: scalar.string, line: node.mark?.line ?? line)]
        }
        guard let sequence = node.sequence else {
            problems.add(file, node.mark?.line ?? line, "\"\(key)\" takes a list")
            return nil
        }
        return sequence.compactMap { item in
            guard let scalar = item.scalar else {
                problems.add(file, item.mark?.line ?? line, "\"\(key)\" takes a list of single values")
                return nil
            }
            return Scalar(text: scalar.string, line: item.mark?.line ?? line)
        }
    }

    func isMapping(_ key: String) -> Bool { node(key)?.mapping != nil }

    /// A mapping under a key; nil when the key is not there.
    func section(_ key: String) -> Section? {
        node(key).flatMap { $0.isNull ? nil : Section(file: file, node: $0, problems: problems) }
    }

    /// A list of mappings under a key; nil when the key is not there.
    func sections(_ key: String) -> [Section]? {
        guard let node = node(key) else { return nil }
        guard let sequence = node.sequence else {
            if !node.isNull { problems.add(file, node.mark?.line ?? line, "\"\(key)\" takes a list") }
            return node.isNull ? [] : nil
        }
        return sequence.compactMap { Section(file: file, node: $0, problems: problems) }
    }

    private func node(_ key: String) -> Node? { entries.first { $0.key.text == key }?.value }
}

extension Section {
    func flag(_ key: String) -> Bool? {
        scalar(key).flatMap { value in
            switch value.text {
            case "true": return true
            case "false": return false
            default:
                problems.unknown("value", value.text, among: ["true", "false"], file, value.line)
                return nil
            }
        }
    }

    func number(_ key: String, in range: ClosedRange<Int>) -> Int? {
        scalar(key).flatMap { value in
            if let number = Int(value.text), range.contains(number) { return number }
            problems.add(file, value.line, "\"\(key)\" takes a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
    }

    func word<Word: RawRepresentable & CaseIterable>(_ key: String, _ type: Word.Type) -> Word?
    where Word.RawValue == String {
        scalar(key).flatMap { value in
            if let word = Word(rawValue: value.text) { return word }
            problems.unknown(key, value.text, among: Word.allCases.map(\.rawValue), file, value.line)
            return nil
        }
    }
}

extension Node {
    fileprivate var isNull: Bool {
        guard let scalar else { return false }
        return scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
    }
}

extension YamlError {
    fileprivate var line: Int {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        case .reader, .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded: 1
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
        case .duplicatedKeysInMapping: "a key is there twice"
        case .reader, .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded: "it cannot be read"
        }
    }
}
