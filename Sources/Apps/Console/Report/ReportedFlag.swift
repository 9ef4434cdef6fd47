import Foundation
import Postgres
import Practice
import Worker

/// What our own records of the days compared are marked with that wants a person's eye, though no side disagrees: the
/// messages said something that cannot quite be.
struct ReportedFlag: Sendable {
    let flag: AppointmentFlag
    let count: Int
    /// The comparison whose members they are.
    let run: ReportRun

    static let shown: [AppointmentFlag] = [.irregularTransition, .ambiguousTime, .missingTime, .namesDisagree]

    /// In the order of `shown`, those of which there are any. None of a comparison of the past, whose members are not kept.
    static func read(_ runs: [ReportRun], in transaction: Transaction) async throws -> [ReportedFlag] {
        // Every booking app is compared with the same records of ours.
        guard let run = runs.first(where: \.agreement.hasMembers) else { return [] }
        let counts = try await run.agreement.flagged(shown.map(\.rawValue), in: transaction)
        return shown.compactMap { flag in
            counts[flag.rawValue].map { ReportedFlag(flag: flag, count: $0, run: run) }
        }
    }

    // MARK: As it is shown

    struct Line {
        let words: String
        let count: Int
        let href: String?
    }

    func line(isLinked: Bool) -> Line {
        let link = MemberLink.path(run, nil, [("flag", flag.rawValue)])
        return Line(words: Words.flag(flag.rawValue), count: count, href: isLinked ? link : nil)
    }
}
