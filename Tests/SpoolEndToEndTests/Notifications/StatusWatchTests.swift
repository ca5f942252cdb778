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
            try await watch.waitUntil("says it twice") { $0.count >= 2 }
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

    @Test("draws over itself on a terminal, without clearing before it has drawn")
    func terminal() {
        var screen = LiveScreen(isTerminal: true)

        let first = screen.next("a\nbb")
        let second = screen.next("a")

        #expect(first == "\u{1B}[2J\u{1B}[Ha\u{1B}[K\nbb\u{1B}[K\n\u{1B}[J")
        #expect(second == "\u{1B}[Ha\u{1B}[K\n\u{1B}[J")
    }
}
