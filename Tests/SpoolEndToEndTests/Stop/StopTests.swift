import SpoolReceiver
import SpoolSimulator
import Subprocess
import Testing

@Suite("stopping the daemon while clients are connected", .daemons)
struct StopTests {
    /// Connects repeatedly: complete requests, kept connections, partial requests, unread responses.
    private static let clients = """
        import socket, sys, threading, time
        port, path = int(sys.argv[1]), sys.argv[2]
        def connect(number):
            if number % 2:
                client = socket.socket(socket.AF_UNIX); client.connect(path)
            else:
                client = socket.create_connection(("127.0.0.1", port), 5)
            client.settimeout(5)
            return client
        def work(number):
            kept = []
            while True:
                try:
                    client = connect(number)
                    kind = number % 5
                    host = b" HTTP/1.1\\r\\nHost: localhost\\r\\n"
                    if kind == 0: client.sendall(b"GET /healthz" + host + b"\\r\\n"); client.recv(100)
                    if kind == 1:
                        client.sendall(b"GET /metrics" + host + b"Connection: close\\r\\n\\r\\n")
                        client.recv(10)
                    if kind == 2: client.sendall(b"GET /status HTTP/1.1\\r\\nHo")
                    if kind == 3: client.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" * 20)
                    kept = (kept + [client])[-20:]
                except OSError:
                    time.sleep(0.01)
        for number in range(20): threading.Thread(target=work, args=(number,), daemon=True).start()
        time.sleep(600)
        """

    @Test(
        "SIGTERM repeatedly ends it with exit code 0 and a closed spool, whatever clients do meanwhile"
    )
    func stops() async throws {
        try await Site.run(.busy(history: 100, rate: 20)) { site in
            let receiver = try await site.receiver()
            let port = try Ports.free()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.status = "{ listen: 127.0.0.1:\(port) }"
            }
            _ = site.start("clients", "python3", ["-c", Self.clients, "\(port)", site.spoolPath + ".sock"])

            for round in 1...8 {
                let daemon = try await site.daemon()
                // Waits for one response, so that clients are active.
                _ = try? await WebAnswer.get("/healthz", port: port)

                let end = try await daemon.terminate()

                #expect(end == .exited(0), "round \(round): \(daemon.lastLines)")
                let open = try await site.number("SELECT count(*) FROM run WHERE ended_ms IS NULL")
                #expect(open == 0, "round \(round)")
            }
        }
    }
}
