/// The pages by name; the text of each is in the file that bears it.
enum Template: String, CaseIterable {
    case layout
    case filters
    case structure
    case signIn = "sign-in"
    case invite
    case error
    case morning
    case findings
    case finding
    case feeds
    case jobs
    case job
    case replay
    case messages
    case message
    case report
    case comparisons
    case cells
    case members
    case destinations
    case codes
    case decisions
    case unreadable

    var text: String {
        switch self {
        case .layout: Self.layoutText
        case .filters: Self.filtersText
        case .structure: Self.structureText
        case .signIn: Self.signInText
        case .invite: Self.inviteText
        case .error: Self.errorText
        case .morning: Self.morningText
        case .findings: Self.findingsText
        case .finding: Self.findingText
        case .feeds: Self.feedsText
        case .jobs: Self.jobsText
        case .job: Self.jobText
        case .replay: Self.replayText
        case .messages: Self.messagesText
        case .message: Self.messageText
        case .report: Self.reportText
        case .comparisons: Self.comparisonsText
        case .cells: Self.cellsText
        case .members: Self.membersText
        case .destinations: Self.destinationsText
        case .codes: Self.codesText
        case .decisions: Self.decisionsText
        case .unreadable: Self.unreadableText
        }
    }
}
