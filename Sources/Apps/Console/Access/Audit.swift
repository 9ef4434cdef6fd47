import Postgres

/// Who did what to which record, and why. Written in the act's own transaction: where it cannot be written, the act does
/// not happen.
enum Audit {
    enum Act: String {
        case signedIn = "signed-in"
        case signInFailed = "sign-in-failed"
        case signedOut = "signed-out"
        case invited
        case passwordChosen = "password-chosen"
        case passwordSet = "password-set"
        case revealed
        case replayed
        case discarded
        case accepted
        /// An acceptance is taken back.
        case withdrawn
        case resent
        /// As `pmsync feed` writes them.
        case paused
        case resumed
    }

    static func record(
        _ act: Act, actor: String, subject: String, reason: String = "", practice: String? = nil,
        in transaction: Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO console.audit (actor, act, subject, reason, practice_id)
            VALUES (\(actor), \(act.rawValue), \(subject), \(reason), \(practice))
            """)
    }
}
