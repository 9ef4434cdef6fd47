import Foundation
package import Postgres

/// Who may sign in. Called by the command (`pmsync user invite`, `up --demo`) as well, under its own role.
package enum ConsolePeople {
    /// Makes the person, or lets an existing one in again, and gives the one-time word for `/invite/TOKEN`. It holds for
    /// 24 hours; earlier ones of the person end, and `ended` says how many could still have been used. Practices replace
    /// those that the person had, and so does whether they are an administrator, who sees what is of no practice too.
    package static func invite(
        name: String, practices: [String], isAdministrator: Bool = false, in transaction: Transaction
    ) async throws -> (token: String, ended: Int) {
        let person = try await person(name, practices, isAdministrator, in: transaction)
        let token = Secret.make()
        let ended = try await transaction.execute(PeopleQueries.endInvites(person))
        try await transaction.execute(PeopleQueries.invite(person, Secret.hash(token)))
        try await Audit.record(.invited, actor: "pmsync", subject: name, in: transaction)
        return (token, ended)
    }

    /// Makes the person, or gives an existing one this password; their sessions end. At least 12 characters.
    package static func setPassword(
        name: String, password: String, practices: [String], isAdministrator: Bool = false,
        cost: ScryptCost = .standard, in transaction: Transaction
    ) async throws {
        let hash = try PasswordHash.make(password, cost: cost).text
        let person = try await person(name, practices, isAdministrator, in: transaction)
        try await transaction.execute(PeopleQueries.setPassword(person, hash))
        try await transaction.execute(PeopleQueries.endSessions(person))
        try await Audit.record(.passwordSet, actor: "pmsync", subject: name, in: transaction)
    }

    private static func person(
        _ name: String, _ practices: [String], _ isAdministrator: Bool, in transaction: Transaction
    ) async throws -> UUID {
        guard (1...100).contains(name.count), name.allSatisfy({ !$0.isNewline && $0 != "\0" }),
            name.trimmingCharacters(in: .whitespaces) == name,
            practices.allSatisfy({ !$0.isEmpty && !$0.contains(",") })
        else { throw ConsoleError.badName }
        let rows = try await transaction.query(PeopleQueries.upsert(name, practices, isAdministrator: isAdministrator))
        guard let row = rows.first else { throw ConsoleError.badName }
        return try row.decode(UUID.self)
    }
}

/// An invitation that is open still.
struct Invite {
    let person: UUID
    let name: String

    static func find(_ token: String, in transaction: Transaction) async throws -> Invite? {
        try await transaction.query(PeopleQueries.openInvite(Secret.hash(token))).first.map { row in
            let (person, name) = try row.decode((UUID, String).self)
            return Invite(person: person, name: name)
        }
    }

    /// Gives the person the password and uses the invitation up; nil when somebody was faster.
    static func accept(_ token: String, hash: String, in transaction: Transaction) async throws -> Invite? {
        guard let invite = try await find(token, in: transaction),
            try await transaction.execute(PeopleQueries.useInvite(Secret.hash(token))) == 1
        else { return nil }
        try await transaction.execute(PeopleQueries.setPassword(invite.person, hash))
        try await transaction.execute(PeopleQueries.endSessions(invite.person))
        try await Audit.record(.passwordChosen, actor: invite.name, subject: invite.name, in: transaction)
        return invite
    }
}
