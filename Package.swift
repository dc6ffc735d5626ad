// swift-tools-version: 6.3

import PackageDescription

/// One list of compiler settings, applied to every target of our own at the foot of this file.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .enableUpcomingFeature("ImmutableWeakCaptures"),  // SE-0481
    .treatAllWarnings(as: .error),  // SE-0480
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")

let package = Package(
    name: "parley",
    products: [
        .executable(name: "parley", targets: ["parley"]),
        .library(name: "ParleyClient", targets: ["ParleyClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The path of a message: decide, translate, do, let in and out, keep.
        .target(name: "ParleyDomain", dependencies: [collections]),
        .target(name: "ParleyWire", dependencies: ["ParleyDomain", nioCore]),
        .target(name: "ParleyContract", dependencies: ["ParleyDomain", "ParleyWire"]),
        .target(
            name: "ParleyEngine",
            dependencies: [
                "ParleyDomain", "ParleyWire", nioCore, nioPosix, collections, crypto, cryptoExtras, logging, "CArgon2",
            ]),
        .target(
            name: "ParleyGateway",
            dependencies: [
                "ParleyDomain", "ParleyWire", "ParleyEngine", nioCore, nioPosix, nioHTTP1, nioSSL, crypto, logging, lifecycle,
                hummingbird, hummingbirdCore, httpTypes, "CZlib",
            ]),
        .target(name: "ParleySQLite", dependencies: ["ParleyDomain", "CSQLite"]),
        .target(
            name: "ParleyClient",
            dependencies: ["ParleyDomain", "ParleyWire", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL]),
        .target(name: "ParleyImport", dependencies: ["ParleyDomain"]),
        .target(
            name: "ParleyServer",
            dependencies: [
                "ParleyDomain", "ParleyWire", "ParleyContract", "ParleyEngine", "ParleyGateway", "ParleySQLite", "ParleyImport",
                logging,
                lifecycle, signals, nioCore, nioPosix, hummingbird,
            ]),
        .target(
            name: "ParleyCommandLine",
            dependencies: [
                "ParleyDomain", "ParleyWire", "ParleyContract", "ParleyClient", "ParleyServer", "ParleySQLite", "ParleyImport",
                nioCore, nioPosix,
                nioHTTP1, arguments, logging,
            ]),
        .executableTarget(name: "parley", dependencies: ["ParleyCommandLine", arguments]),

        // System libraries.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),

        // A world wound by hand, and the suites every adapter must pass.
        .target(name: "ParleyTestKit", dependencies: ["ParleyDomain", "ParleyWire", "ParleyClient", nioCore]),

        // The gateway with a session that echoes: what verify/conformance talks to.
        .executableTarget(
            name: "parley-echo",
            dependencies: [
                "ParleyGateway", "ParleyEngine", "ParleyWire", logging, lifecycle, signals, hummingbird, nioCore, nioPosix,
            ],
            path: "Tests/Support/parley-echo"),

        // The server with one promise broken at a time: what shows that the judge under verify/ can see.
        .executableTarget(
            name: "parley-faulty",
            dependencies: [
                "ParleyCommandLine", "ParleyServer", "ParleyDomain", "ParleyEngine", arguments,
            ],
            path: "Tests/Support/parley-faulty"),

        // Many seeds of the simulation, in a release build.
        .executableTarget(name: "parley-simulate", dependencies: ["ParleyTestKit"], path: "Tests/Support/parley-simulate"),

        // Rows per second of the store's batch path beside a bare loop of the same statements.
        .executableTarget(
            name: "parley-append-bench", dependencies: ["ParleySQLite", "ParleyDomain", "CSQLite"], path: "Benchmarks/append"),

        // Bytes and times of receipts, beside other ways to keep them.
        .executableTarget(name: "parley-receipt-bench", dependencies: ["ParleyDomain", "CSQLite"], path: "Benchmarks/receipts"),

        .testTarget(name: "ParleyDomainTests", dependencies: ["ParleyDomain", "ParleyTestKit"]),
        .testTarget(name: "ModelTests", dependencies: ["ParleyDomain", "ParleySQLite", "ParleyTestKit"]),
        .testTarget(name: "ParleyWireTests", dependencies: ["ParleyWire", "ParleyDomain", "ParleyTestKit", nioCore]),
        .testTarget(name: "ParleyContractTests", dependencies: ["ParleyContract", "ParleyWire", "ParleyDomain", nioCore]),
        .testTarget(
            name: "ParleyEngineTests",
            dependencies: [
                "ParleyEngine", "ParleyDomain", "ParleyWire", "ParleyTestKit", nioCore, nioEmbedded, crypto, cryptoExtras,
            ]),
        .testTarget(
            name: "ParleyGatewayTests",
            dependencies: [
                "ParleyGateway", "ParleyEngine", "ParleyWire", "ParleyDomain", "ParleyTestKit", nioCore, nioPosix, nioEmbedded,
                nioHTTP1, logging, hummingbird, httpTypes,
            ]),
        .testTarget(name: "AdapterTests", dependencies: ["ParleySQLite", "ParleyDomain", "ParleyTestKit", "CSQLite"]),
        .testTarget(
            name: "SimulationTests", dependencies: ["ParleyDomain", "ParleyWire", "ParleyClient", "ParleyTestKit", nioCore]),
        .testTarget(
            name: "ParleyClientTests",
            dependencies: ["ParleyClient", "ParleyWire", "ParleyDomain", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL]),
        .testTarget(
            name: "ParleyCommandLineTests",
            dependencies: ["ParleyCommandLine", "ParleyClient", "ParleyWire", "ParleyDomain", arguments, nioCore]),
        .testTarget(
            name: "ParleyServerTests",
            dependencies: ["ParleyServer", "ParleyEngine", "ParleyDomain", lifecycle, logging, nioCore, nioPosix]),
        .testTarget(name: "ParleyImportTests", dependencies: ["ParleyImport", "ParleyDomain", "ParleySQLite", "ParleyTestKit"]),
        .testTarget(name: "TidyTests"),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = strict + (target.swiftSettings ?? [])
}
