/// A row of links, one of which is in force.
struct Filter {
    let label: String
    let choices: [Choice]

    struct Choice {
        let name: String
        let href: String
        let isChosen: Bool
    }
}

/// A page's address: its path and those parameters that are set, so that a link can change one and keep the rest.
struct Address {
    let path: String
    var parameters: [(name: String, value: String?)]

    /// The same page with one parameter changed, from its first row.
    func with(_ name: String, _ value: String?) -> String {
        var changed = self
        changed.parameters.removeAll { $0.name == "after" }
        if let index = changed.parameters.firstIndex(where: { $0.name == name }) {
            changed.parameters[index].value = value
        } else {
            changed.parameters.append((name, value))
        }
        return changed.text
    }

    var text: String {
        let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(Form.escape($0))" } }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    /// Links for the values of one parameter; nil stands for all.
    func filter(_ label: String, _ name: String, _ choices: [(name: String, value: String?)]) -> Filter {
        let chosen = parameters.first { $0.name == name }?.value
        return Filter(
            label: label,
            choices: choices.map { choice in
                Filter.Choice(
                    name: choice.name, href: with(name, choice.value), isChosen: choice.value == chosen)
            })
    }
}
