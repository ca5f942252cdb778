import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@testable import spool

@Suite("status --watch", .daemons)
struct StatusWatchTests {
    @Test("writes one line each in a pipe, with each stream's newest record and each sink's backlog")
    func pipe() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await receiver.await(ids: 50)

            let watch = site.start(
                "spool status --watch",
                BuiltProduct.spool,
                ["status", "--watch", "--config", site.configurationPath]
            )
            try await watch.waitUntil("prints it twice") { $0.count >= 2 }
            await watch.end()
            try await daemon.terminate()

            let lines = watch.lines(.output)
            #expect(
                lines.allSatisfy {
                    $0.contains(
                        #/^\S+Z  tenant/activities connected, newest .* ago; .*siem connected, \d+ waiting/#
                    )
                },
                "\(lines)"
            )
        }
    }

    @Test("redraws in place on a terminal, without clearing first")
    func terminal() {
        var screen = LiveScreen(isTerminal: true)

        let first = screen.next("a\nbb")
        let second = screen.next("a")

        #expect(first == "\u{1B}[2J\u{1B}[Ha\u{1B}[K\nbb\u{1B}[K\n\u{1B}[J")
        #expect(second == "\u{1B}[Ha\u{1B}[K\n\u{1B}[J")
    }

    @Test("lines that do not fit are cut off at the bottom; a long line takes several rows")
    func clipped() {
        let lines = ["CRITICAL", String(repeating: "x", count: 25), "three", "four", "five"]

        #expect(LiveScreen.clipped(lines, rows: 9, columns: 10) == lines)
        #expect(LiveScreen.clipped(lines, rows: 7, columns: 10) == Array(lines.prefix(3)) + ["… 2 more l"])
        #expect(LiveScreen.clipped(lines, rows: 5, columns: 10) == ["CRITICAL", "… 4 more l"])
        #expect(LiveScreen.clipped(lines, rows: 1, columns: 10).count == 1)
    }

    @Test("tables omit columns that do not fit", arguments: [80, 120, 200])
    func narrow(_ columns: Int) {
        var table = TextTable(["sink", "state", "address", "waiting"])
        table.add(["siem", "connected", String(repeating: "a", count: 90), "7"])

        let lines = table.render(within: columns, leavingOut: [2, 1]).split(separator: "\n")

        #expect(lines.allSatisfy { $0.count <= columns })
        #expect(lines[0].contains("address") == (columns >= 120) && lines[0].contains("state"))
    }
}
