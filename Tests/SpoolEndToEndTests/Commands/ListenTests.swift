import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool listen with a real daemon and real senders", .daemons)
struct ListenTests {
    struct Printed: Decodable {
        struct Summary: Decodable {
            let events: Int
            let different_ids: Int
            let repeats: Int
            let not_cef: Int
            let connections: Int
        }
        let line: String?
        let summary: Summary?
    }

    @Test(
        "prints every event once over TCP, TLS and UDP, and exits after the last one",
        arguments: [
            "tcp", "tls", "udp",
        ]
    )
    func transports(_ transport: String) async throws {
        try await Site.run(.busy(history: 60)) { site in
            let count = site.visible.count
            let listener = listen(at: site, "\(transport)://localhost:0", ["--once", "\(count)"], transport)
            let port = try await Self.port(of: listener)
            var keys: [String: String] = [:]
            if transport == "tls" { keys["tls"] = "{ ca_file: \(site.folder.path("made.pem")) }" }
            let sink = SiteConfiguration.SinkText("siem", "localhost:\(port)", transport: transport, keys)
            try site.configure { $0.sinks = [sink] }

            let daemon = try await site.daemon()
            let status = try await listener.exit()
            try await daemon.terminate()

            let printed = try listener.lines(.output).map {
                try JSONDecoder().decode(Printed.self, from: Data($0.utf8))
            }
            let ids = printed.compactMap { $0.line.flatMap { try? CEFParser.parse($0)["externalId"] } }
            let summary = try #require(printed.last?.summary)
            #expect(status == .exited(0))
            #expect(Set(ids) == site.visible)
            #expect(summary.events == count && summary.different_ids == count)
            #expect(summary.repeats == 0 && summary.not_cef == 0)
            #expect(summary.connections == (transport == "udp" ? 0 : 1))
        }
    }

    @Test("prints what another program posts over HTTP and IPv6, and the response contains the count")
    func http() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let listener = listen(at: site, "http://[::1]:0", ["--once", "2"], "tcp")
            let port = try await Self.port(of: listener)
            let post = """
                import sys, urllib.request
                lines = "".join(f"CEF:0|v|p|1|c|n|0|externalId={i}\\n" for i in "ab")
                print(urllib.request.urlopen(sys.argv[1], lines.encode(), 30).read().decode())
                """

            let posted = try await Child.answer("python3", ["-c", post, "http://[::1]:\(port)/in"])
            let status = try await listener.exit()

            let printed = try listener.lines(.output).map {
                try JSONDecoder().decode(Printed.self, from: Data($0.utf8))
            }
            let ids = printed.compactMap { $0.line.flatMap { try? CEFParser.parse($0)["externalId"] } }
            #expect(posted.output == #"{"received":2}"#, "\(posted)")
            #expect(status == .exited(0) && ids == ["a", "b"])
            #expect(printed.last?.summary?.events == 2)
        }
    }

    @Test("Ctrl-C ends it with a summary of repeated ids and lines that are not CEF")
    func summary() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let listener = site.start(
                "spool listen",
                BuiltProduct.spool,
                ["listen", "tcp://127.0.0.1:0", "--print", "compact"]
            )
            let port = try await Self.port(of: listener)
            let line = "CEF:0|v|p|1|EVENT_CATEGORY_LOGIN|Log on|3|externalId=a rt=1511373004000 suser=me"
            try await Self.send([line, line, "something else"], to: port)
            try await listener.waitUntil("has printed three") {
                $0.count { $0.contains("Log on") || $0.contains("??") } == 3
            }

            try listener.send(.interrupt)
            let status = try await listener.exit()

            let told = listener.lines(.errors).joined(separator: "\n")
            #expect(status == .exited(0))
            #expect(
                listener.lines(.output).first
                    == "2017-11-22T17:50:04.000Z  EVENT_CATEGORY_LOGIN  severity 3  me  Log on  id a"
            )
            #expect(told.contains("3 events"))
            #expect(told.contains("1 different, 1 repeated") && told.contains("repeated: a"))
            #expect(told.contains("not CEF    1"))
        }
    }

    @Test("every message of a real RELP sender, Debian's rsyslog, is acknowledged")
    func relp() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let listener = site.start(
                "spool listen",
                BuiltProduct.spool,
                ["listen", "relp://127.0.0.1:0", "--once", "200"]
            )
            let port = try await Self.port(of: listener)
            let input = site.folder.path("input")
            let lines = (0..<200).map { "CEF:0|v|p|1|c|n|0|externalId=\($0)" }
            try site.folder.write(lines.joined(separator: "\n") + "\n", to: "input")
            try site.folder.write(
                """
                global(workDirectory="\(site.folder.path)")
                module(load="imfile")
                module(load="omrelp")
                input(type="imfile" file="\(input)" tag="t" ruleset="out")
                template(name="only" type="string" string="%msg%")
                ruleset(name="out") {
                  action(type="omrelp" target="127.0.0.1" port="\(port)" template="only")
                }

                """,
                to: "rsyslog.conf"
            )

            _ = site.start(
                "rsyslog",
                "rsyslogd",
                ["-n", "-f", site.folder.path("rsyslog.conf"), "-i", site.folder.path("rsyslog.pid")],
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            )
            let status = try await listener.exit()

            #expect(status == .exited(0))
            #expect(listener.lines(.output).map { $0.trimmingCharacters(in: .whitespaces) } == lines)
        }
    }

    @Test("an address in use ends with exit code 3, a usage error with 2")
    func refusals() async throws {
        try await Receiver.run { receiver async throws in
            let taken = try await Child.answer(
                BuiltProduct.spool,
                ["listen", "tcp://127.0.0.1:\(receiver.port)"]
            )
            let wrong = try await Child.answer(BuiltProduct.spool, ["listen", "smtp://127.0.0.1:25"])
            let plain = try await Child.answer(
                BuiltProduct.spool,
                ["listen", "tcp://127.0.0.1:0", "--cert", "/none", "--key", "/none"]
            )

            #expect(taken.code == 3 && taken.errors.contains("another program listens there"), "\(taken)")
            #expect(wrong.code == 2 && wrong.errors.contains("not an address"), "\(wrong)")
            #expect(plain.code == 2 && plain.errors.contains("is not encrypted"), "\(plain)")
        }
    }

    private func listen(at site: Site, _ address: String, _ options: [String], _ transport: String) -> Child {
        let certificate = transport == "tls" ? ["--write-cert", site.folder.path("made.pem")] : []
        return site.start(
            "spool listen",
            BuiltProduct.spool,
            ["listen", address, "--json"] + options + certificate
        )
    }

    static func port(of listener: Child) async throws -> Int {
        try await listener.waitUntil("listens") { $0.contains { $0.hasPrefix("listening on ") } }
        let line = try #require(listener.lines(.errors).first { $0.hasPrefix("listening on ") })
        let place = try #require(line.firstMatch(of: #/:(\d+)(,|$)/#))
        return try #require(Int(place.1))
    }

    /// Sends lines over a TCP connection opened by bash.
    static func send(_ lines: [String], to port: Int) async throws {
        let text = lines.map { "'\($0)'" }.joined(separator: " ")
        let answer = try await Child.answer(
            "bash",
            ["-c", "printf '%s\\n' \(text) > /dev/tcp/127.0.0.1/\(port)"]
        )
        #expect(answer.code == 0, "\(answer)")
    }
}
