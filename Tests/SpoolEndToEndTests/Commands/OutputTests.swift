import Foundation
import SpoolReceiver
import SpoolTestSupport
import Subprocess
import Testing

@Suite("Output that cannot be written", .daemons)
struct OutputTests {
    /// Runs a shell command in which `$spool` is the program and `$config` the configuration.
    private func shell(_ site: Site, _ line: String) async throws -> Answer {
        try await Child.answer(
            "bash",
            ["-o", "pipefail", "-c", line],
            environment: ["spool": BuiltProduct.spool, "config": site.configurationPath],
            folder: site.folder.path
        )
    }

    @Test("every command reports a full disk and exits with the code for it")
    func full() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let siem = try await site.receiver()
            let id = try #require(try await site.deliverAll(to: [.init("siem", port: siem.port)]).first)
            let commands = [
                "--help", "--version", "help query", "query --help", "--generate-completion-script bash",
                "--generate-completion-script zsh", "--generate-completion-script fish",
                "--experimental-dump-help",
                "init --output new.yaml", "simulate --port 0", "simulate --port 0 --json",
            ]
            let configured = [
                "check", "check --json", "doctor", "doctor --json", "status", "status --json",
                "status --watch",
                "status --watch --json", "replay list", "replay list --json", "dead list", "dead list --json",
                "query 'select * from events'", "query --json 'select * from events'",
                "query --format csv 'select * from events'", "tail", "tail --json", "tail --no-follow",
                "trace '\(id)'", "trace --json '\(id)'", "prune --dry-run", "prune --dry-run --json",
                "backup --to copy1.db", "backup --json --to copy2.db",
                "replay --from 2d --to now --dry-run", "replay --from 2d --to now --dry-run --json",
                "dead dismiss --all --json", "dead requeue --all --json",
            ]
            for command in commands.map({ "$spool \($0)" })
                + configured.map({ "$spool \($0) --config $config" })
            {
                let answer = try await shell(site, "\(command) > /dev/full")
                // `doctor` may have found another problem to report.
                #expect(
                    answer.code == 7 || (command.contains("doctor") && answer.code == 1),
                    "\(command): \(answer)"
                )
                #expect(
                    answer.errors.contains("cannot write to standard output: No space left on device"),
                    "\(command): \(answer)"
                )
            }
        }
    }

    @Test("a reader that exits ends a command without an error, even if there is nothing more to print")
    func head() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])
            for command in [
                "query 'with recursive n (i) as (values (1) union all select i + 1 from n) select i from n'",
                "query --json 'with recursive n (i) as (values (1) union all select i + 1 from n) select i "
                    + "from n'",
                "tail", "tail --settled", "status --watch", "query --format csv 'select * from events'",
            ] {
                let answer = try await shell(site, "$spool \(command) --config $config | head -1 > /dev/null")
                #expect(answer.code == 0 && answer.errors.isEmpty, "\(command): \(answer)")
            }
        }
    }

    @Test("a closed standard output is reported, and no file takes its place")
    func closed() async throws {
        try await Site.run(.busy(history: 5)) { site in
            let siem = try await site.receiver()
            try await site.deliverAll(to: [.init("siem", port: siem.port)])

            let answer = try await shell(site, "$spool query 'select 1' --config $config >&-")
            let check = try await shell(site, "sqlite3 spool.db 'pragma integrity_check'")

            #expect(answer.code == 7 && answer.errors.contains("Bad file descriptor"), "\(answer)")
            #expect(check.output == "ok", "\(check)")
        }
    }

    @Test("`spool listen | head` ends after head has ended, even if no further event arrives")
    func listenHead() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let listener = site.start(
                "spool listen | head",
                "bash",
                ["-o", "pipefail", "-c", "\(BuiltProduct.spool) listen tcp://127.0.0.1:0 | head -2"]
            )
            let port = try await ListenTests.port(of: listener)
            try await ListenTests.send(["one", "two"], to: port)

            #expect(try await listener.exit() == .exited(0))
            #expect(listener.lines(.output) == ["one", "two"])
        }
    }

    @Test("`spool listen` acknowledges no message that it could not print", arguments: ["http", "relp"])
    func listenFull(_ transport: String) async throws {
        try await Site.run(.busy(history: 0)) { site in
            let listener = site.start(
                "spool listen > /dev/full",
                "bash",
                ["-c", "exec \(BuiltProduct.spool) listen \(transport)://127.0.0.1:0 > /dev/full"]
            )
            let port = try await ListenTests.port(of: listener)
            let send = """
                import socket, sys
                s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
                s.sendall({"http": b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 4\\r\\n\\r\\none\\n",
                    "relp": b"1 open 0\\n2 syslog 3 one\\n"}[sys.argv[2]])
                data = b""
                while True:
                    try: part = s.recv(4096)
                    except ConnectionResetError: break
                    if not part: break
                    data += part
                print(data)
                """

            let answer = try await Child.answer("python3", ["-c", send, "\(port)", transport])
            let status = try await listener.exit()

            let errors = listener.lines(.errors).joined(separator: "\n")
            #expect(status == .exited(7))
            #expect(errors.contains("No space left on device") && errors.contains("0 events"), "\(errors)")
            #expect(!answer.output.contains("2 rsp") && !answer.output.contains("HTTP/1.1 200"), "\(answer)")
        }
    }

    @Test(
        "`spool listen` slows down its senders while its reader does not read, and still ends on a signal"
    )
    func stuck() async throws {
        try await Site.run(.busy(history: 0)) { site in
            let listener = site.start(
                "spool listen",
                "bash",
                [
                    "-c",
                    "mkfifo full && exec 4<>full && exec \(BuiltProduct.spool) listen tcp://127.0.0.1:0 > "
                        + "full",
                ]
            )
            let port = try await ListenTests.port(of: listener)
            let flood = """
                import socket, sys
                s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
                s.settimeout(2)
                line = b"x" * 999 + b"\\n"
                sent = 0
                try:
                    while sent < 64 << 20: sent += s.send(line * 100)
                except TimeoutError: print("stopped after", sent)
                """
            let sent = try await Child.answer("python3", ["-c", flood, "\(port)"])

            try listener.send(.terminate)

            #expect(sent.output.contains("stopped after"), "\(sent)")
            #expect(try await listener.exit() == .exited(0))
        }
    }
}
