import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("the status address", .daemons)
struct StatusAddressTests {
    private static let token = "a token of some length"

    /// A daemon whose status address requires the token.
    private static func guarded(_ site: Site, at host: String) async throws -> (Child, port: Int) {
        let port = try Ports.free()
        let receiver = try await site.receiver()
        try site.folder.write(token + "\n", to: "status-token")
        try site.configure {
            $0.sinks = [.init("siem", port: receiver.port)]
            $0.status = "{ listen: \(host):\(port), token: file:\(site.folder.path("status-token")) }"
        }
        return (try await site.daemon(), port)
    }

    @Test("with a token only authorized clients may read; probes answer all clients")
    func token() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let (daemon, port) = try await Self.guarded(site, at: "0.0.0.0")
            func get(_ path: String, _ headers: [String: String] = [:]) async throws -> WebAnswer {
                try await WebAnswer.get(path, port: port, headers: headers)
            }

            let health = try await get("/healthz")
            let ready = try await get("/readyz")
            let none = try await get("/status")
            let wrong = try await get("/metrics", ["Authorization": "Bearer \(Self.token)!"])
            let unknown = try await get("/nothing")
            let right = try await get(
                "/metrics",
                ["Authorization": "Bearer \(Self.token)", "Host": "other.example"]
            )
            try site.folder.write("another token of some length", to: "status-token")
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("has reloaded") { $0.contains { $0.isLog("configuration reloaded") } }
            let old = try await get("/status", ["Authorization": "Bearer \(Self.token)"])
            let new = try await get("/status", ["Authorization": "Bearer another token of some length"])

            #expect(health.status == 200 && ready.status == 200)
            #expect(health.body == "ok\n" && ready.body == "ready\n")
            #expect(none.status == 401 && wrong.status == 401 && right.status == 200)
            #expect(
                none.headers["www-authenticate"]
                    == "Basic realm=\"spool\", charset=\"UTF-8\"; Bearer realm=\"spool\""
            )
            #expect(!none.body.contains("tenant") && none.body.count < 100)
            #expect(unknown.status == 404 || unknown.status == 401)
            #expect(old.status == 401 && new.status == 200)
        }
    }

    @Test(
        "with a token a browser asks once and keeps the page up to date; log and address never contain it"
    )
    func browser() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let (daemon, port) = try await Self.guarded(site, at: "127.0.0.1")
            let browser = try await Browser.open(at: site)
            defer { browser.close() }
            try await browser.signIn(user: "anyone", password: Self.token)

            try await browser.show("http://127.0.0.1:\(port)/")
            let heading = try await browser.text("document.querySelector('h1').textContent")
            let time = "document.querySelector('#updated time').dateTime"
            let first = try await browser.text(time)
            try await eventually("the page has been updated", state: { try await browser.text(time) }) {
                try await browser.text(time) > first
            }
            let address = try await browser.text("location.href")

            #expect(heading == "spool")
            #expect(try await browser.text("document.getElementById('stale').hidden") == "true")
            #expect(browser.questions == 1)
            #expect(address == "http://127.0.0.1:\(port)/")
            #expect(browser.complaints == [])
            #expect(!daemon.lastLines.contains(Self.token))
            let pair = Data("anyone:\(Self.token)".utf8).base64EncodedString()
            let scraped = try await WebAnswer.get(
                "/metrics",
                port: port,
                headers: ["Authorization": "Basic \(pair)"]
            )
            #expect(scraped.status == 200)
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    @Test("on loopback a foreign host name is rejected, and every response has its headers")
    func loopback() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let port = try Ports.free()
            let receiver = try await site.receiver()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.status = "{ listen: 127.0.0.1:\(port) }"
            }
            _ = try await site.daemon()

            let foreign = try await WebAnswer.get("/status", port: port, headers: ["Host": "rebound.example"])
            let paths = [
                "/", "/page.json", "/page.css", "/page.js", "/icon.svg", "/metrics", "/status", "/nothing",
            ]
            for path in paths {
                let answer = try await WebAnswer.get(path, port: port)
                let local = try await WebAnswer.get(path, socket: site.folder.path("spool.db.sock"))

                #expect(answer.status == (path == "/nothing" ? 404 : 200), "\(path)")
                #expect(
                    answer.status == local.status
                        && answer.headers["content-type"] == local.headers["content-type"]
                )
                guard answer.status == 200 else { continue }
                #expect(answer.headers["x-content-type-options"] == "nosniff", "\(path)")
                #expect(answer.headers["cache-control"] == "no-store", "\(path)")
                #expect(
                    answer.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true,
                    "\(path)"
                )
            }

            #expect(foreign.status == 421)
            #expect(!foreign.body.contains("tenant"))
        }
    }

    @Test("a non-loopback address without a token is rejected at the start, with line and column")
    func refused() async throws {
        try await Site.run(.busy(history: 10)) { site in
            try site.configure {
                $0.sinks = [.init("siem", port: 1_514)]
                $0.status = "{ listen: 0.0.0.0:9470 }"
            }
            let text = try String(contentsOfFile: site.configurationPath, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let line = try #require(lines.firstIndex { $0.hasPrefix("status:") }) + 1

            let daemon = site.launch()
            let end = try await daemon.exit()

            #expect(end == .exited(2))
            #expect(
                daemon.lastLines.contains("\(line):19: anyone who can reach `0.0.0.0:9470`"),
                "\(daemon.lastLines)"
            )
        }
    }
}
