// swift-tools-version: 6.2
import PackageDescription

// Shelves and their arrows. A target may use what its shelf's line names and nothing else; the build checks it with
// `--explicit-target-dependency-import-check error`. Arrows go one way: Apps and Workers, then Pipeline, then Platform,
// Practice and Codecs.

// MARK: Codecs: pure, bytes to values and back

let codecs = shelf("Codecs", ["HL7": [], "FHIR": []])

// MARK: Practice: pure, the field's own values

let practice = [Target.target(name: "Practice", path: "Sources/Practice", swiftSettings: .strict)]

// MARK: Platform: knows nothing of health care

let platform =
    shelf(
        "Platform",
        [
            "Postgres": ["CLibPQ", .log],
            "Schema": ["Postgres"],
            "Hosting": ["Postgres", .log, .lifecycle, .unixSignals, .hummingbird, .httpTypes, .nio, .nioPosix],
        ])
    + [
        .systemLibrary(
            name: "CLibPQ", path: "Sources/Platform/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])])
    ]

// MARK: Pipeline: the steps, as a message meets them

let pipeline = shelf(
    "Pipeline",
    [
        "MLLP": ["HL7", .nio, .nioPosix],
        "Journal": ["Postgres", .crypto],
        "Queue": ["Postgres", .crypto, .log],
        "Workflow": ["HL7", "Practice", .crypto, .yams],
        "Records": ["Postgres", "Practice", .crypto],
        "Destination": ["FHIR", .crypto, .httpClient, .nio, .nioHTTP1, .nioPosix],
        "Reconciliation": ["Practice", .crypto],
        "Worker": [
            "Journal", "Queue", "Workflow", "Records", "Destination", "Reconciliation", "Hosting", "Postgres", .log,
            .lifecycle, .crypto,
        ],
    ])

// MARK: Workers: one folder, one workflow, one executable

let workers = worker(
    "Scheduling",
    uses: [
        "HL7", "FHIR", "Practice", "Postgres", "Journal", "Workflow", "Records", "Destination", "Reconciliation",
        "Hosting", .log, .lifecycle,
    ])

// MARK: Apps: a library beside a thin main, so that tests may import it

let apps =
    app(
        "Gateway", as: "pmsync-gateway",
        uses: [
            "HL7", "MLLP", "FHIR", "Practice", "Postgres", "Journal", "Queue", "Workflow", "Records", "Destination",
            "Worker", "Hosting", .hummingbird, .hummingbirdCore, .httpTypes, .log, .lifecycle, .nio, .crypto,
        ])
    + app(
        "Console", as: "pmsync-console",
        uses: [
            "HL7", "Practice", "Postgres", "Journal", "Queue", "Records", "Reconciliation", "Workflow", "Worker",
            "Hosting",
            .hummingbird, .httpTypes, .mustache, .crypto, .cryptoExtras, .lifecycle, .log, .nio,
        ])
    + app(
        "PracticeSimulator", as: "pmsync-practice",
        uses: [
            "HL7", "MLLP", "Hosting", .hummingbird, .httpClient, .httpTypes, .nio, .nioHTTP1, .crypto, .arguments, .log,
            .lifecycle,
        ])
    + app(
        "Pmsync", as: "pmsync",
        uses: [
            "HL7", "FHIR", "MLLP", "Practice", "Postgres", "Schema", "Journal", "Queue", "Workflow", "Records",
            "Destination", "Reconciliation",
            "Worker", "Hosting", "Scheduling", "Console", "Gateway", "PracticeSimulator", .arguments, .log, .lifecycle,
            .crypto, .httpClient, .hummingbird, .nio, .nioPosix, .nioHTTP1,
        ])

// MARK: Tests

let tests: [Target] =
    [
        .target(
            name: "TestSupport", dependencies: ["Postgres", "Practice", "Schema", "Queue", .log], path: "Tests/Support",
            swiftSettings: .strict)
    ]
    + [
        test("HL7Tests", uses: ["HL7"], exclude: ["Cases"]),
        test("FHIRTests", uses: ["FHIR", "Practice", "TestSupport"]),
        test("MLLPTests", uses: ["MLLP", "HL7", .nio, .nioPosix, .nioEmbedded, .nioTestUtils]),
        test("PracticeTests", uses: ["Practice"]),
        test("HostingTests", uses: ["Hosting", .log, .lifecycle, .httpClient, .nio, .nioHTTP1]),
        test("WorkflowTests", uses: ["Workflow", "HL7", "Practice"]),
        test(
            "DestinationTests",
            uses: [
                "Destination", "FHIR", "TestSupport", .hummingbird, .crypto, .httpTypes, .nio, .nioHTTP1, .nioPosix,
            ]),
        test("ReconciliationTests", uses: ["Reconciliation", "Practice"]),
        test(
            "SchedulingTests",
            uses: [
                "Scheduling", "Workflow", "Practice", "HL7", "FHIR", "Records", "Reconciliation", "Postgres", "Journal",
                "Queue", "Worker", "Hosting", "Destination", "PracticeSimulator", "TestSupport", .hummingbird,
                .httpTypes,
                .lifecycle, .log, .nio, .crypto,
            ]),
        test(
            "PostgresTests",
            uses: ["Postgres", "Schema", "Journal", "Queue", "Records", "Practice", "TestSupport", .log]),
        test(
            "GatewayTests",
            uses: [
                "Gateway", "FHIR", "HL7", "MLLP", "Postgres", "Journal", "Queue", "Records", "Workflow", "Practice",
                "Worker", "Hosting", "TestSupport", .httpClient, .nio, .nioPosix, .nioHTTP1, .crypto,
            ]),
        test(
            "ConsoleTests",
            uses: [
                "Console", "Postgres", "Queue", "Reconciliation", "Practice", "Hosting", "TestSupport", .hummingbird,
                .hummingbirdTesting, .httpTypes, .nio,
            ]),
        test(
            "PracticeSimulatorTests",
            uses: [
                "PracticeSimulator", "HL7", "MLLP", .hummingbird, .httpClient, .httpTypes, .nio, .nioHTTP1, .crypto,
                .log,
                .lifecycle,
            ]),
        test(
            "PmsyncTests",
            uses: [
                "Pmsync", "PracticeSimulator", "Scheduling", "HL7", "MLLP", "Postgres", "Journal", "Queue", "Workflow",
                "Worker", "Practice", "Reconciliation", "TestSupport",
            ]),
        test(
            "PathTests",
            uses: [
                "HL7", "MLLP", "Postgres", "TestSupport", .httpClient, .httpTypes, .hummingbird, .crypto, .lifecycle,
                .log, .nio, .nioHTTP1, .nioPosix,
            ]),
    ]

let package = Package(
    name: "pmsync",
    products: [
        .executable(name: "pmsync-gateway", targets: ["pmsync-gateway"]),
        .executable(name: "pmsync-scheduling", targets: ["pmsync-scheduling"]),
        .executable(name: "pmsync-console", targets: ["pmsync-console"]),
        .executable(name: "pmsync-practice", targets: ["pmsync-practice"]),
        .executable(name: "pmsync", targets: ["pmsync"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.100.0"),  // sockets, MLLP
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.25.0"),  // HTTP server
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.0.0"),  // life cycle
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.30.0"),  // webhooks
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),  // start, stop
        .package(url: "https://github.com/apple/swift-log.git", from: "1.6.3"),  // logging
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.6.0"),  // commands
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.1.0"),  // digests
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.4.0"),  // header names
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.0.0"),  // workflow.yaml
    ],
    targets: codecs + practice + platform + pipeline + workers + apps + tests
)

// MARK: Packages, by the name they are used under

extension Target.Dependency {
    static var nio: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var nioHTTP1: Self { .product(name: "NIOHTTP1", package: "swift-nio") }
    static var nioEmbedded: Self { .product(name: "NIOEmbedded", package: "swift-nio") }
    static var nioTestUtils: Self { .product(name: "NIOTestUtils", package: "swift-nio") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var hummingbirdCore: Self { .product(name: "HummingbirdCore", package: "hummingbird") }
    static var hummingbirdTesting: Self { .product(name: "HummingbirdTesting", package: "hummingbird") }
    static var mustache: Self { .product(name: "Mustache", package: "swift-mustache") }
    static var httpClient: Self { .product(name: "AsyncHTTPClient", package: "async-http-client") }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var lifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
    static var unixSignals: Self { .product(name: "UnixSignals", package: "swift-service-lifecycle") }
    static var log: Self { .product(name: "Logging", package: "swift-log") }
    static var arguments: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var cryptoExtras: Self { .product(name: "CryptoExtras", package: "swift-crypto") }
    static var yams: Self { .product(name: "Yams", package: "Yams") }
}

// MARK: How a target is made

extension [SwiftSetting] {
    static var strict: [SwiftSetting] {
        [
            .strictMemorySafety(),
            .treatAllWarnings(as: .error),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        ]
    }
}

func shelf(_ shelf: String, _ targets: KeyValuePairs<String, [Target.Dependency]>) -> [Target] {
    targets.map { name, uses in
        let resources: [Resource] = name == "Schema" ? [.embedInCode("Migrations")] : []
        return .target(
            name: name, dependencies: uses, path: "Sources/\(shelf)/\(name)",
            exclude: name == "Schema" ? ["schema.sql"] : [], resources: resources, swiftSettings: .strict)
    }
}

func worker(_ name: String, uses: [Target.Dependency]) -> [Target] {
    part(
        name, executable: "pmsync-\(name.lowercased())", folder: "Sources/Workers/\(name)",
        uses: ["Worker", "Queue"] + uses)
}

func app(_ name: String, as executable: String, uses: [Target.Dependency]) -> [Target] {
    part(name, executable: executable, folder: "Sources/Apps/\(name)", uses: uses)
}

func part(_ name: String, executable: String, folder: String, uses: [Target.Dependency]) -> [Target] {
    [
        .target(name: name, dependencies: uses, path: folder, exclude: ["Main"], swiftSettings: .strict),
        .executableTarget(
            name: executable, dependencies: [.target(name: name)], path: "\(folder)/Main", swiftSettings: .strict),
    ]
}

func test(_ name: String, uses: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: uses, exclude: exclude, swiftSettings: .strict)
}
