import Foundation
import SpoolTestSupport
import Subprocess
import Testing

@Suite("spool listen on a terminal", .daemons)
struct ListenTerminalTests {
    /// Sends numbered lines of 1,000 bytes; reports when none is accepted for two seconds, and when all are
    /// sent.
    private static let flood = """
        import select, socket, sys
        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        s.setblocking(False)
        data = b"".join(b"line %06d " % n + b"x" * 987 + b"\\n" for n in range(int(sys.argv[2])))
        place, said = 0, False
        while place < len(data):
            if select.select([], [s], [], 2)[1]: place += s.send(data[place:place + 65536])
            elif not said:
                said = True
                print("stopped after", place, flush=True)
        print("sent all", flush=True)
        """

    /// The ways to stop the output of a terminal.
    enum ShutdownRequest: CaseIterable { case controlS, notReading }

    /// The current resident memory of a process in KiB.
    private func memory(of child: Child) throws -> Int {
        let pid = try #require(child.processID)
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        return Int(try #require(status.firstMatch(of: #/VmRSS:\s+(\d+) kB/#)).1) ?? 0
    }

    @Test(
        "a stopped terminal stops the sender, in bounded memory; afterwards every line is shown once",
        arguments: ShutdownRequest.allCases
    )
    func slow(stop: ShutdownRequest) async throws {
        try await Site.run(.busy(history: 0)) { site in
            let terminal = try Terminal()
            let listener = terminal.start(
                site,
                "spool listen",
                BuiltProduct.spool,
                ["listen", "tcp://127.0.0.1:0"],
                controls: true
            )
            let port = try await ListenTests.port(of: listener)
            let before = try memory(of: listener)
            if stop == .controlS { terminal.type(control: "S") }
            let count = 16_000
            let sender = site.start("sender", "python3", ["-c", Self.flood, "\(port)", "\(count)"])
            try await sender.waitUntil("is stopped") { lines in
                if stop == .controlS { terminal.read() }
                return lines.contains { $0.hasPrefix("stopped after") }
            }
            let after = try memory(of: listener)
            let shownBefore = terminal.read()

            if stop == .controlS { terminal.type(control: "Q") }
            try await terminal.readLines(count)
            try await sender.waitUntil("has sent all") { $0.contains("sent all") }
            try listener.send(.interrupt)
            let status = try await listener.exit()

            #expect(shownBefore < 1_000)
            // The sender had 16 MB to send.
            #expect(after - before < 12 << 10, "\(before) KiB, then \(after) KiB")
            let numbers = terminal.lines.compactMap { Int($0.dropFirst(5).prefix(6)) }
            #expect(numbers == Array(0..<count))
            #expect(status == .exited(0))
            #expect(
                listener.lines(.errors).contains { $0.contains("16,000 events") },
                "\(listener.lastLines)"
            )
        }
    }

    /// Sends messages of 1,000 bytes over RELP or HTTP; reports how many were acknowledged once none was
    /// acknowledged for a second, and again at the end of the connection.
    private static let sender = """
        import re, select, socket, sys, threading
        port, kind, count = int(sys.argv[1]), sys.argv[2], 5000
        s = socket.create_connection(("127.0.0.1", port))
        body = b"m" * 999
        def frame(n):
            if kind == "relp": return b"%d syslog 999 " % (n + 2) + body + b"\\n"
            return b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000\\r\\n\\r\\n" + body + b"\\n"
        def send():
            try:
                for n in range(count): s.sendall(frame(n))
            except OSError: pass
        if kind == "relp":
            s.sendall(b"1 open 0\\n")
            s.recv(1000)
        threading.Thread(target=send, daemon=True).start()
        got, said = b"", False
        acknowledged = lambda: len(re.findall(rb"rsp 6 200 OK" if kind == "relp" else rb"HTTP/1.1 200", got))
        while True:
            if not select.select([s], [], [], 1)[0]:
                if not said and acknowledged() > 0: said = True; print("quiet", acknowledged(), flush=True)
                continue
            try: data = s.recv(65536)
            except OSError: data = b""
            if not data: break
            got += data
        print("end", acknowledged(), flush=True)
        """

    @Test(
        "a terminal that disappears ends it, and only shown lines have been acknowledged",
        arguments: ["relp", "http"],
        [true, false]
    )
    func disappears(transport: String, controls: Bool) async throws {
        try await Site.run(.busy(history: 0)) { site in
            let terminal = try Terminal()
            let listener = terminal.start(
                site,
                "spool listen",
                BuiltProduct.spool,
                ["listen", "\(transport)://127.0.0.1:0"],
                controls: controls
            )
            let port = try await ListenTests.port(of: listener)
            let sender = site.start("sender", "python3", ["-c", Self.sender, "\(port)", transport])
            try await terminal.readLines(50)
            terminal.type(control: "S")
            try await eventually("nothing more is acknowledged") {
                terminal.read()
                return sender.lines(.output).contains { $0.hasPrefix("quiet") }
            }
            let shown = terminal.read()

            terminal.close()
            let status = try await listener.exit(within: .seconds(30))
            try await sender.waitUntil("sees the end") { $0.contains { $0.hasPrefix("end") } }

            let said = sender.lines(.output).compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            // Shown lines that are not acknowledged yet may still be, if the listener lives long enough.
            #expect(said.count == 2 && said[0] > 0, "\(sender.lastLines)")
            #expect(said.allSatisfy { $0 <= shown } && shown < 5_000, "\(said), \(shown) shown")
            #expect(status == .signaled(SIGHUP) || status == .exited(0) || status == .exited(7), "\(status)")
        }
    }
}
