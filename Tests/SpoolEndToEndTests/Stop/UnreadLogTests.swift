import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("standard error that is not read", .daemons)
struct UnreadLogTests {
    /// Runs `spool run` with a small pipe as its standard error, never reads it, reloads the daemon until the
    /// pipe is full and a few times more, and forwards SIGTERM.
    private static let runner = """
        import array, fcntl, os, signal, socket, subprocess, sys, termios, time
        read, write = os.pipe()
        size = fcntl.fcntl(write, 1031, 4096)
        child = subprocess.Popen(sys.argv[2:], stderr=write)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        def waiting():
            count = array.array("i", [0])
            fcntl.ioctl(read, termios.FIONREAD, count)
            return count[0]
        def answers():
            try: socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
            except OSError: return False
            return True
        # Before that, a SIGHUP would end it.
        while not answers() and child.poll() is None: time.sleep(0.1)
        more = 20
        while more and child.poll() is None:
            child.send_signal(signal.SIGHUP)
            if waiting() > size - 300: more -= 1
            time.sleep(0.1)
        print("full", flush=True)
        print("ended", child.wait(), flush=True)
        """

    @Test("fetching, delivery and probes continue, and a stop ends the daemon with exit code 0")
    func unread() async throws {
        try await Site.run(.busy(history: 200, rate: 20)) { site in
            let receiver = try await site.receiver()
            let port = try Ports.free()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.status = "{ listen: 127.0.0.1:\(port) }"
            }
            let arguments = [
                "-c", Self.runner, "\(port)", BuiltProduct.spool, "run", "--config", site.configurationPath,
            ]
            let daemon = site.start("spool run", "python3", arguments)
            try await daemon.waitUntil("has filled the pipe") { $0.contains("full") }

            let health = try await WebAnswer.get("/healthz", port: port)
            try await site.fetchAll()
            try await site.drain("siem")
            try daemon.send(.terminate)
            try await daemon.waitUntil("has ended") { $0.contains { $0.hasPrefix("ended") } }

            #expect(health.status == 200)
            #expect(daemon.lastLines.contains("ended 0"))
        }
    }
}
