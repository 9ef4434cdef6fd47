extension Settings {
    /// One setting: its name in the environment and in the configuration file, the form its value must have, what it
    /// is when it is not given, and what it does.
    package struct Key: Sendable, Hashable {
        /// The forms a value may have; each is checked when the settings are read, so that no getter can fail.
        package enum Form: Sendable, Hashable {
            case text, path, url, port, flag, level, instant
            case number(ClosedRange<Int>)
        }

        package let name: String
        package let form: Form
        package let fallback: String?
        package let help: String
    }

    /// Every setting there is, in the order of the README's table.
    package static let keys: [Key] = [
        .databaseURL, .config, .data, .workflows, .listen, .mllpPort, .httpPort, .consolePort, .adminPort, .logLevel,
        .leaseSeconds, .poolSize, .parentDescriptor, .maxFrameBytes, .maxFileBytes, .allowPlainMLLP, .publicURL,
        .allowPrivateWebhooks, .reconcileSeconds, .codesSeconds, .keepDays, .smtp, .mailFrom, .now,
    ]

    /// The settings as the table that stands in the README.
    package static var table: String {
        let rows = keys.map { "| `\($0.name)` | \($0.fallback.map { "`\($0)`" } ?? "") | \($0.help) |" }
        return (["| setting | default | what it does |", "|---|---|---|"] + rows).joined(separator: "\n")
    }
}

extension Settings.Key {
    private init(_ name: String, _ form: Form, _ help: String) {
        self.init(name: name, form: form, fallback: nil, help: help)
    }

    private init(_ name: String, _ form: Form, _ fallback: String, _ help: String) {
        self.init(name: name, form: form, fallback: fallback, help: help)
    }

    package static let databaseURL = Self(
        "PMSYNC_DATABASE_URL", .url, "PostgreSQL to use; none: `pmsync up` runs a private one")
    package static let config = Self(
        "PMSYNC_CONFIG", .path, "a file of `KEY=value` lines; the environment wins over it")
    package static let data = Self("PMSYNC_DATA", .path, "the data folder of `pmsync up`")
    package static let workflows = Self("PMSYNC_WORKFLOWS", .path, "the folder of definitions to apply at start")
    package static let listen = Self(
        "PMSYNC_LISTEN", .text, "127.0.0.1", "the address that MLLP, HTTP and the console listen on")
    package static let mllpPort = Self("PMSYNC_MLLP_PORT", .port, "2575", "MLLP; 0 picks a free port")
    package static let httpPort = Self("PMSYNC_HTTP_PORT", .port, "8080", "FHIR and HL7 over HTTP; 0 picks a free port")
    package static let consolePort = Self("PMSYNC_CONSOLE_PORT", .port, "8081", "the console; 0 picks a free port")
    package static let adminPort = Self(
        "PMSYNC_ADMIN_PORT", .port, "0", "health and metrics, on loopback only; 0 picks a free port")
    package static let logLevel = Self(
        "PMSYNC_LOG_LEVEL", .level, "info", "trace, debug, info, notice, warning, error or critical")
    package static let leaseSeconds = Self(
        "PMSYNC_LEASE_SECONDS", .number(1...3600), "10", "how long a worker's silence is borne before its jobs move on")
    package static let poolSize = Self(
        "PMSYNC_POOL_SIZE", .number(1...200), "8",
        "database connections that the work of one program shares; a worker has a few more for its looks, its listening and its lease"
    )
    package static let parentDescriptor = Self(
        "PMSYNC_PARENT_FD", .number(0...1_048_576), "a descriptor whose end means: shut down (set by `pmsync up`)")
    package static let maxFrameBytes = Self(
        "PMSYNC_MAX_FRAME_BYTES", .number(1024...268_435_456), "4194304", "the longest MLLP frame that is taken")
    package static let maxFileBytes = Self(
        "PMSYNC_MAX_FILE_BYTES", .number(1024...1_099_511_627_776), "268435456",
        "the longest file that is taken from a watched folder; a longer one is rejected unread")
    package static let allowPlainMLLP = Self(
        "PMSYNC_ALLOW_PLAIN_MLLP", .text, "the address beyond loopback on which MLLP may be plain, named on purpose")
    package static let publicURL = Self(
        "PMSYNC_PUBLIC_URL", .url, "the address under which booking apps see the gateway; base of links in `/fhir`")
    package static let allowPrivateWebhooks = Self(
        "PMSYNC_ALLOW_PRIVATE_WEBHOOKS", .flag, "off",
        "on: webhooks may go to loopback and private addresses, and by http")
    package static let reconcileSeconds = Self(
        "PMSYNC_RECONCILE_SECONDS", .number(0...86_400), "300",
        "how often every practice with a list is reconciled; 0: only by `pmsync reconcile`")
    package static let codesSeconds = Self(
        "PMSYNC_CODES_SECONDS", .number(0...86_400), "60",
        "how often the journal is re-read for codes that no table knows; 0: never")
    package static let keepDays = Self(
        "PMSYNC_KEEP_DAYS", .number(31...36_500), "400",
        "how many days the journal and ended deliveries are kept; a day with a parked message stays")
    package static let smtp = Self(
        "PMSYNC_SMTP", .url,
        "`smtp://host:port` of the relay that takes e-mails of alarms, plain and without a sign-in: one nearby; none: none are sent"
    )
    package static let mailFrom = Self(
        "PMSYNC_MAIL_FROM", .text, "pmsync@localhost", "whom e-mails of alarms are from")
    package static let now = Self(
        "PMSYNC_NOW", .instant, "holds the clock of the business rules at this instant, for demonstrations and tests")
}

extension Settings.Key.Form {
    /// What a value must look like, for the error of one that does not. It never repeats the value.
    var expectation: String {
        switch self {
        case .text: "a text"
        case .path: "a path"
        case .url: "a URL such as scheme://host:port/path"
        case .port: "a port from 0 to 65535"
        case .flag: "on or off"
        case .level: "one of trace, debug, info, notice, warning, error, critical"
        case .instant: "an instant such as 2026-03-02T08:00:00Z"
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}
