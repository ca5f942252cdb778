import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("SIGTERM during the start", .daemons)
struct StartStopTests {
    /// Starts `spool run` on one spool repeatedly, and sends SIGTERM at a random time after it was executed:
    /// up to half as long again as the first start took until it was running.
    ///
    /// Prints for each start how it ended, how many runs the spool has, and how many of them are left open.
    private static let runner = """
        import random, signal, sqlite3, subprocess, sys, time
        spool, rounds, seed, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
        random.seed(seed)
        def start(): return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        def runs():
            database = sqlite3.connect("file:" + spool + "?mode=ro", uri=True)
            try: return database.execute("SELECT max(id), count(*) - count(ended_ms) FROM run").fetchone()
            finally: database.close()
        begun, child = time.monotonic(), start()
        for line in child.stderr:
            if " running" in line: break
        length = time.monotonic() - begun
        child.send_signal(signal.SIGTERM)
        child.communicate()
        print("first", child.returncode, *runs(), flush=True)
        for number in range(rounds):
            child = start()
            time.sleep(random.uniform(0, 1.5 * length))
            child.send_signal(signal.SIGTERM)
            log = child.communicate()[1]
            print("round", child.returncode, *runs(), int(" running" in log), flush=True)
        """

    @Test("at any time ends the daemon with exit code 0 and a closed spool, or before the spool is opened")
    func anyTime() async throws {
        try await Site.run(.busy(history: 50, rate: 20)) { site in
            let receiver = try await site.receiver()
            let port = try Ports.free()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.status = "{ listen: 127.0.0.1:\(port) }"
            }

            let rounds = 60
            let answer = try await Child.answer(
                "python3",
                ["-c", Self.runner, site.spoolPath, "\(rounds)", "7"]
                    + [BuiltProduct.spool, "run", "--config", site.configurationPath],
                folder: site.folder.path,
                within: .seconds(300)
            )

            let ends = answer.output.split(separator: "\n").map { line in
                line.split(separator: " ").compactMap { Int($0) }
            }
            #expect(ends.count == rounds + 1, "\(answer)")
            for (before, end) in zip(ends, ends.dropFirst()) {
                let (status, runs, open) = (end[0], end[1], end[2])
                #expect(status == 0 || (status == -15 && runs == before[1]), "\(end)")
                #expect(open == 0, "\(end)")
            }
            // Some signals came after the spool was opened and before the daemon reported that it was
            // running.
            #expect(zip(ends, ends.dropFirst()).contains { $1[0] == 0 && $1[1] > $0[1] && $1[3] == 0 })
        }
    }
}
