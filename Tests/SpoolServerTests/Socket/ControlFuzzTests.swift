import Foundation
import Hummingbird
import Logging
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngineTestSupport
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngine
@testable import SpoolServer

/// Clients of the socket may send anything: the daemon rejects it and keeps running.
@Suite("requests that no command sends", .timeLimit(.minutes(5)))
struct ControlFuzzTests {
    /// Runs a server with the routes of a daemon over an empty spool beside `body`.
    private static func with(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: "a test")
        options.reserveBytes = 0
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: time.wall())
        let composition = try SampleComposition.make(in: folder)
        _ = try await spool.register(composition.topology, at: time.wall())
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let engine = Engine(spool: spool, time: time, logger: quiet)
        let current = CurrentComposition(composition)
        let server = ControlServer(
            socket: ControlSocket(spool: spool.path),
            status: nil,
            routes: ControlRoutes(
                engine: engine,
                holder: SpoolHolder.current(.daemon, command: "spool run"),
                onHandOver: nil,
                reporter: StatusReporter(engine: engine, current: current),
                web: WebRoutes(engine: engine, current: current, readiness: Readiness())
            ),
            logger: quiet
        )
        let (bound, binding) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { binding.finish() } }
            for await _ in bound {}
            try await body(spool.path + ".sock")
            await server.stop(within: .seconds(5))
            try await group.waitForAll()
        }
        try await spool.close(at: time.wall())
    }

    private static func post(_ path: String, _ body: String, at socket: String) async throws -> String {
        let client = try RawClient(socket)
        client.send(
            "POST \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        return await client.read()
    }

    /// Every command with valid values.
    private static let commands: [(path: String, json: String)] = {
        let window = #""from":1000,"to":2000"#
        let replay =
            #"{"request":{"sink":"siem",\#(window),"basis":"occurred","missingOnly":false,"refetch":false,"rate":5}}"#
        let refetch =
            #"{"request":{"sink":"siem",\#(window),"basis":"created","missingOnly":false,"refetch":true,"streams":["tenant/activities"]}}"#
        let adHoc =
            #"{"request":{"sink":"siem","destination":"tcp://127.0.0.1:1",\#(window),"basis":"occurred","missingOnly":false,"refetch":false}}"#
        return [
            (Identify.path, "{}"), (HandOver.path, "{}"), (EstimateReplay.path, replay),
            (CreateReplay.path, replay),
            (CreateReplay.path, refetch), (CreateReplay.path, adHoc), (ListReplays.path, #"{"sink":"siem"}"#),
            (MoveReplay.path, #"{"replay":1,"move":"pause"}"#), (RemoveReplay.path, #"{"replay":1}"#),
            (RequeueDeadLetters.path, #"{"sink":"siem","events":[1,2]}"#),
            (DismissDeadLetters.path, #"{"sink":"siem","events":[1,2]}"#),
            (PruneNow.path, #"{"isDryRun":true}"#),
            (Forget.path, #"{"name":"siem"}"#), (BackUp.path, #"{"file":"relative"}"#),
            (ShowBackup.path, "{}"), (RetryNow.path, #"{"sink":"siem"}"#), (ShowConnections.path, "{}"),
            (TraceAtSource.path, #"{"id":"x"}"#),
            (
                StartVerify.path,
                #"{"request":{\#(window),"repair":"none","streams":["tenant/activities"],"sinks":["siem"]}}"#
            ),
            (ShowProof.path, #"{"proof":1}"#), (CancelVerify.path, #"{"proof":1}"#),
        ]
    }()

    /// The replacements for a value.
    private static let values = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775806", "9223372036854000000", "0",
        "-1",
        "18446744073709551616", "1e308", "-1e308", "1e-308", "0.5", "253402300799999", "253402300800000",
        "null",
        "true", "{}", "[]", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"/\"", "\"a/b/c\"", "\"tcp://[::1\"",
        "\"tcp://127.0.0.1:99999999999999999999\"", "\"\(String(repeating: "x", count: 100_000))\"",
        "[\(Array(repeating: "9223372036854775807", count: 2_000).joined(separator: ","))]",
        String(repeating: "[", count: 700) + String(repeating: "]", count: 700),
    ]

    /// The text with each value replaced in turn by `value`, and with all of them replaced.
    private static func variants(_ json: String, _ value: String) -> [String] {
        let pattern = /(:|\[|,)("[^"]*"|-?\d+|true|false)(?=[,}\]])/
        let places = json.matches(of: pattern).map(\.output.2)
        var texts = places.map { json.replacingCharacters(in: $0.startIndex..<$0.endIndex, with: value) }
        var all = json
        for place in places.reversed() { all.replaceSubrange(place.startIndex..<place.endIndex, with: value) }
        texts.append(all)
        return texts
    }

    @Test(
        "every command with extreme numbers, texts, lists and depths is answered, and the next request as well"
    )
    func commands() async throws {
        try await Self.with { socket in
            for (path, json) in Self.commands {
                for value in Self.values {
                    for text in Self.variants(json, value) + [value] {
                        let answer = try await Self.post(path, text, at: socket)
                        #expect(answer.hasPrefix("HTTP/1.1 "), "\(path) \(text.prefix(200))")
                        #expect(
                            !answer.hasPrefix("HTTP/1.1 500"),
                            "\(path) \(text.prefix(200)) \(answer.prefix(500))"
                        )
                        #expect(answer.utf8.count < 300_000, "\(path) \(text.prefix(200))")
                    }
                }
                let answer = try await Self.post(Identify.path, "{}", at: socket)
                #expect(answer.contains("\"role\":\"daemon\""), "after \(path)")
            }
        }
    }

    @Test("a window that ends at the largest number is rejected without a crash")
    func overflow() async throws {
        try await Self.with { socket in
            let json =
                #"{"request":{"sink":"siem","from":0,"to":9223372036854775807,"basis":"occurred","missingOnly":false,"refetch":true}}"#

            let answer = try await Self.post(CreateReplay.path, json, at: socket)

            #expect(answer.hasPrefix("HTTP/1.1 409"))
            #expect(answer.contains("1970 to 9999"))
        }
    }

    @Test("targets are answered whatever their query string contains")
    func targets() async throws {
        try await Self.with { socket in
            let queries = [
                "", "?", "?a", "?a=", "?=&=&", "?" + String(repeating: "a=1&", count: 3_000), "?%", "?%zz",
                "?%00",
                "?%ff%fe", "?from=9223372036854775807&to=-9223372036854775808", "?a[b[c]]=1", "#x",
                "?\u{202E}",
            ]
            for path in [
                "/", "/status", "/metrics", "/page.json", "/healthz", "/readyz", "/page.css", "//", "/..;/",
                "/%2e%2e",
            ] {
                for query in queries {
                    let answer = try await RawClient.get(path + query, at: socket)
                    #expect(answer.hasPrefix("HTTP/1.1 "), "\(path)\(query.prefix(100))")
                    #expect(!answer.hasPrefix("HTTP/1.1 500"), "\(path)\(query.prefix(100))")
                }
            }
        }
    }

    @Test("random bytes are rejected without a crash")
    func noise() async throws {
        try await Self.with { socket in
            var generator = SeededGenerator(seed: 7)
            for _ in 0..<300 {
                let client = try RawClient(socket)
                let noise = (0..<Int.random(in: 1...400, using: &generator)).map { _ in
                    Character(Unicode.Scalar(UInt8.random(in: 0...127, using: &generator)))
                }
                client.send(
                    ["", "GET ", "POST /control/identify HTTP/1.1\r\n"].randomElement(using: &generator) ?? ""
                )
                client.send(String(noise) + "\r\n\r\n")
            }

            // More clients than the limit have just disconnected, which the server may not have noticed yet.
            try await eventually("it serves again") {
                try await RawClient.get("/healthz", at: socket).hasSuffix("ok\n")
            }
        }
    }
}
