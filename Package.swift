// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioCompression = Target.Dependency.product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func library(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource]? = nil
) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies + ["SpoolTestSupport"],
        resources: resources,
        swiftSettings: settings
    )
}

let package = Package(
    name: "spool",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "spool", targets: ["spool"]),
        // The torture tests preload it. No target links it: its functions replace those of the C library.
        .library(name: "spoolfaults", type: .dynamic, targets: ["SpoolFaults"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .executableTarget(
            name: "spool",
            dependencies: [
                "CMalloc", "SpoolConfig", "SpoolControl", "SpoolCore", "SpoolDaemon", "SpoolDoctor",
                "SpoolEngine", "SpoolNetwork", "SpoolPipeline", "SpoolReceiver", "SpoolSimulator",
                "SpoolStore", argumentParser, logging, unixSignals,
            ],
            resources: [.embedInCode("Init/spool.yaml")],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CMalloc"),
        library("SpoolCore", []),
        library("SpoolFormats", ["SpoolCore"]),
        library(
            "SpoolNetwork",
            ["SpoolCore", asyncHTTPClient, nioCompression, nioCore, nioHTTP1, nioPosix, nioSSL, nioTLS]
        ),
        library(
            "SpoolStore",
            ["SpoolCore", crypto, grdb, grdbSQLite],
            resources: [.embedInCode("migrations")]
        ),
        library("SpoolConfig", ["SpoolCore", yams]),
        library("SpoolControl", ["SpoolCore", asyncHTTPClient, nioCore, nioHTTP1]),
        library("SpoolSources", ["SpoolCore", "SpoolNetwork", crypto]),
        library(
            "SpoolSinks",
            ["SpoolCore", "SpoolFormats", "SpoolNetwork", deque, nioCore, nioPosix, nioSSL, nioTLS]
        ),
        library("SpoolSimulator", [nioCore, nioHTTP1, nioPosix, nioSSL]),
        library("SpoolReceiver", [asn1, crypto, nioCore, nioHTTP1, nioPosix, nioSSL, x509]),
        library("SpoolPipeline", ["SpoolCore", deque, logging]),
        library(
            "SpoolEngine",
            [
                "SpoolConfig", "SpoolControl", "SpoolCore", "SpoolNetwork", "SpoolPipeline", "SpoolSinks",
                "SpoolSources", "SpoolStore", crypto, logging,
            ]
        ),
        library(
            "SpoolServer",
            [
                "SpoolConfig", "SpoolControl", "SpoolCore", "SpoolEngine", "SpoolPipeline", "SpoolStore",
                hummingbird, logging, nioCore, nioHTTP1, nioPosix,
            ],
            resources: [
                .embedInCode("StatusPage/page.css"), .embedInCode("StatusPage/page.js"),
                .embedInCode("StatusPage/icon.svg"),
            ]
        ),
        library(
            "SpoolDaemon",
            [
                "SpoolConfig", "SpoolControl", "SpoolCore", "SpoolEngine", "SpoolNetwork", "SpoolPipeline",
                "SpoolServer", "SpoolStore", logging, unixSignals,
            ]
        ),
        library("SpoolDoctor", ["SpoolConfig", "SpoolCore", "SpoolNetwork", "SpoolStore", asn1, x509]),
        .target(
            name: "SpoolTestSupport",
            dependencies: ["SpoolCore", nioCore, nioPosix, subprocess],
            path: "Tests/SpoolTestSupport",
            resources: [.copy("Samples")],
            swiftSettings: settings
        ),
        .target(
            name: "SpoolEngineTestSupport",
            dependencies: [
                "SpoolConfig", "SpoolCore", "SpoolEngine", "SpoolNetwork", "SpoolPipeline",
                "SpoolSimulator", "SpoolSources", "SpoolStore", "SpoolTestSupport", logging,
            ],
            path: "Tests/SpoolEngineTestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "SpoolFaults",
            path: "Tests/SpoolFaults",
            cSettings: [.define("_GNU_SOURCE")]
        ),
        tests("SpoolCoreTests", ["SpoolCore"]),
        tests("SpoolFormatsTests", ["SpoolFormats", "SpoolReceiver", "SpoolSources"]),
        tests("SpoolStoreTests", ["SpoolStore", crypto, grdb], resources: [.copy("Samples")]),
        tests("SpoolConfigTests", ["SpoolConfig"]),
        tests("SpoolControlTests", ["SpoolControl", hummingbird, logging]),
        tests("SpoolNetworkTests", ["SpoolCore", "SpoolNetwork", nioSSL]),
        tests(
            "SpoolDoctorTests",
            [
                "SpoolConfig", "SpoolCore", "SpoolDaemon", "SpoolDoctor", "SpoolEngine", "SpoolNetwork",
                "SpoolReceiver", "SpoolSimulator", "SpoolStore", asn1, nioCore, nioPosix, x509,
            ]
        ),
        tests(
            "SpoolSourcesTests",
            [
                "SpoolConfig", "SpoolCore", "SpoolNetwork", "SpoolSimulator", "SpoolSources", nioCore,
                nioPosix, nioSSL,
            ]
        ),
        tests("SpoolSinksTests", ["SpoolSinks", "SpoolReceiver", nioCore, nioPosix, nioSSL]),
        tests("SpoolSimulatorTests", ["SpoolSimulator", asyncHTTPClient, nioCore, nioHTTP1, nioSSL]),
        tests("SpoolReceiverTests", ["SpoolReceiver", nioCore, nioPosix, nioSSL]),
        tests("SpoolPipelineTests", ["SpoolPipeline"]),
        tests(
            "SpoolEngineTests",
            [
                "SpoolConfig", "SpoolControl", "SpoolCore", "SpoolDaemon", "SpoolEngine",
                "SpoolEngineTestSupport", "SpoolNetwork", "SpoolPipeline", "SpoolSimulator", "SpoolSources",
                "SpoolStore", grdb, logging,
            ]
        ),
        tests(
            "SpoolServerTests",
            [
                "SpoolConfig", "SpoolControl", "SpoolCore", "SpoolDaemon", "SpoolEngine",
                "SpoolEngineTestSupport", "SpoolPipeline", "SpoolServer", "SpoolSimulator", "SpoolStore",
                hummingbird, logging, nioCore,
            ]
        ),
        tests("SpoolDaemonTests", ["SpoolCore", "SpoolDaemon", "SpoolEngine", logging]),
        tests(
            "SpoolEndToEndTests",
            ["spool", "SpoolReceiver", "SpoolSimulator", "SpoolStore", argumentParser, logging, subprocess]
        ),
    ],
    swiftLanguageModes: [.v6]
)
