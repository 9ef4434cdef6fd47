/// What a case expects (`NAME.expect.yaml`), every value with its line, so that a failure can point at it.
package struct Expectation: Sendable {
    package struct Value: Sendable, Hashable {
        package let text: String
        package let line: Int
    }

    /// The stated values of one record, by key; a list's values in its order. What is not stated is not compared.
    package struct Record: Sendable {
        package let line: Int
        package let values: [String: [Value]]
        /// The line of each key.
        package let lines: [String: Int]
    }

    /// The outcome of each message, in order.
    package let messages: [Value]
    package let messagesLine: Int
    /// When each message came; empty: half a day after its MSH-7.
    package let received: [Value]
    /// All appointments that there are afterwards; nil: not compared. So for slots.
    package let appointments: [Record]?
    package let slots: [Record]?

    package init(file: String, text: String) throws(DefinitionError) {
        let problems = Problems()
        guard let section = Section(file: file, text: text, problems: problems) else {
            throw DefinitionError(problems: problems.sorted)
        }
        section.allow(["about", "messages", "received", "appointments", "slots"])
        messages = (section.list("messages") ?? []).map { Value(text: $0.text, line: $0.line) }
        messagesLine = section.line(of: "messages")
        received = (section.list("received") ?? []).map { Value(text: $0.text, line: $0.line) }
        let appointmentKeys = [
            "status", "word", "start", "end", "type", "category", "reason", "cancel-reason", "names", "resources",
            "flags",
            "replaces",
        ]
        appointments = section.sections("appointments")?.map { Record($0, appointmentKeys) }
        slots = section.sections("slots")?.map { Record($0, ["resource", "start", "end", "status"]) }
        if messages.isEmpty { problems.add(file, section.line, "\"messages\" is missing") }
        guard problems.all.isEmpty else { throw DefinitionError(problems: problems.sorted) }
    }
}

extension Expectation.Record {
    fileprivate init(_ section: Section, _ known: [String]) {
        section.allow(known)
        line = section.line
        var values: [String: [Expectation.Value]] = [:]
        var lines: [String: Int] = [:]
        for key in known {
            guard let list = section.list(key) else { continue }
            values[key] = list.map { Expectation.Value(text: $0.text, line: $0.line) }
            lines[key] = section.line(of: key)
        }
        self.values = values
        self.lines = lines
    }
}
