/// What one input says of a person. Empty: it did not say.
package struct ParsedPerson: Hashable, Sendable {
    /// Most trusted first.
    package var aliases: [Alias] = []
    /// The key of name and birth date, beside numbers: somebody who came without any number before, and has none yet, is
    /// this person.
    package var natural: Alias?
    package var family = ""
    package var given = ""
    package var birthDate: Day?
    package var sex = ""
    package var phone = ""
    package var email = ""

    package init(aliases: [Alias] = []) {
        self.aliases = aliases
    }
}
