import ArgumentParser
import SpoolCore
import SpoolTestSupport
import Testing

@testable import spool

@Suite("Arguments of commands")
struct ArgumentTests {
    @Test(
        "the id of an event may start with a dash",
        arguments: [
            ["trace", "-NyefwWq3k"], ["trace", "--json", "-NyefwWq3k"], ["trace", "-NyefwWq3k", "--json"],
            ["trace", "--NyefwWq3kXa81z_-Q"], ["dead", "show", "-NyefwWq3k", "17"],
            ["dead", "requeue", "--sink", "siem", "-NyefwWq3k", "--yes"], ["dead", "dismiss", "-1x", "--"],
        ]
    )
    func ids(_ arguments: [String]) throws {
        let command = try SpoolCommand.parseAsRoot(DashArguments.protected(arguments.filter { $0 != "--" }))

        let ids =
            switch command {
            case let trace as TraceCommand: [trace.id]
            case let show as DeadShow: show.selection.id
            case let requeue as DeadRequeue: requeue.selection.id
            case let dismiss as DeadDismiss: dismiss.selection.id
            default: [String]()
            }
        #expect(ids.contains { $0.hasPrefix("-") }, "\(ids)")
    }

    @Test("SQL may start with a comment")
    func sql() throws {
        let text = "-- how many\nselect 1"

        let command = try SpoolCommand.parseAsRoot(DashArguments.protected(["query", text, "--json"]))

        #expect((command as? QueryCommand)?.sql == text)
        #expect((command as? QueryCommand)?.json == true)
    }

    @Test(
        "options are still parsed as options, even misspelt ones",
        arguments: [
            ["trace", "--jsn", "a"], ["trace", "--confg=/etc/Spool 7.yaml", "a"], ["dead", "show", "--al"],
            ["query", "--jsn", "select 1"],
        ]
    )
    func options(_ arguments: [String]) {
        #expect(DashArguments.protected(arguments) == arguments)
        #expect(throws: (any Error).self) { try SpoolCommand.parseAsRoot(arguments) }
    }

    @Test(
        "the error for a misspelt command suggests the nearest one",
        arguments: [
            (["quer", "select 1"], "there is no command `spool quer`; did you mean `spool query`?"),
            (["dead", "lst"], "there is no command `spool dead lst`; did you mean `spool dead list`?"),
            (
                ["replay", "cancle", "7"],
                "there is no command `spool replay cancle`; did you mean `spool replay cancel`?"
            ),
            (["xyzzy"], "there is no command `spool xyzzy`; `spool --help` lists the commands"),
        ]
    )
    func unknown(_ arguments: [String], _ message: String) {
        #expect(UnknownCommand.message(arguments, in: SpoolCommand.self) == message)
        #expect(throws: (any Error).self) { try SpoolCommand.parseAsRoot(arguments) }
    }

    @Test("help for an unknown command is an error, too")
    func unknownHelp() async throws {
        for arguments in [["help", "quer"], ["quer", "--help"]] {
            let answer = try await Child.answer(BuiltProduct.spool, arguments)
            #expect(answer.code == 2 && answer.errors.contains("did you mean `spool query`?"), "\(answer)")
        }
        for arguments in [["help", "query"], ["query", "--help"], ["replay", "list", "--help"], ["help"]] {
            let answer = try await Child.answer(BuiltProduct.spool, arguments)
            #expect(answer.code == 0 && answer.output.contains("OVERVIEW"), "\(answer)")
        }
    }

    @Test("a known command with an invalid option is not reported as unknown")
    func known() {
        #expect(UnknownCommand.message(["query", "--nope"], in: SpoolCommand.self) == nil)
        #expect(UnknownCommand.message(["replay", "list", "7"], in: SpoolCommand.self) == nil)
    }

    @Test(
        "mutually exclusive options and numbers out of bounds are rejected",
        arguments: [
            "query --format csv --json x", "query --format table --json x", "listen --json --print compact",
            "listen --json --print line", "listen --once 0", "listen --once -1", "listen --once 99999999999",
            "listen --cert a", "tail -n -1", "tail -n 99999999999", "tail --sink a",
            "replay --from 1h --to now --rate 0", "replay --from 1h --to now --rate 1000001",
            "replay --from 1h --to now --dry-run --wait", "prune --dry-run --forget a", "dead show --all 7",
            "dead show", "simulate --port 65536", "simulate --port -1",
            "simulate --history-hours 9223372036854775807",
            "simulate --rate nan", "simulate --rate inf", "simulate --history -1", "demo --rate 0",
            "demo --rate inf",
            "simulate --requests-per-minute -1", "simulate --activities-per-alert -1",
        ]
    )
    func refused(_ line: String) {
        #expect(throws: (any Error).self) {
            try SpoolCommand.parseAsRoot(line.split(separator: " ").map(String.init))
        }
    }

    @Test(
        "valid combinations are accepted",
        arguments: ["query --format json --json x", "listen --json --print none"]
    )
    func accepted(_ line: String) throws {
        _ = try SpoolCommand.parseAsRoot(line.split(separator: " ").map(String.init))
    }

    @Test(
        "random arguments never crash the process, and accepted numbers are within their bounds",
        arguments: 0..<20
    )
    func fuzz(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words =
            SpoolCommand.configuration.subcommands.map { $0._commandName } + [
                "--json", "--rate", "--port", "--once", "-n", "--from", "--to", "--sink", "--print", "none",
                "--", "-", "-h",
                "--history-hours", "--history", "--all", "list", "show", "now", "2h", "2026-13-01",
                "tcp://[::1]:1",
                "-9223372036854775808", "9223372036854775807", "18446744073709551616", "1e999", "nan", "",
                "\u{0}", "ü",
                "99999999999d", "0000-00-00T99:99", "select 1", "--format", "csv",
            ]
        for _ in 0..<200 {
            let count = Int(random.next() % 6)
            let arguments = (0...count).compactMap { _ in words.randomElement(using: &random) }
            guard let command = try? SpoolCommand.parseAsRoot(DashArguments.protected(arguments)) else {
                _ = UnknownCommand.message(arguments, in: SpoolCommand.self)
                continue
            }
            switch command {
            case let listen as ListenCommand: #expect(listen.once.map { $0 >= 1 } ?? true)
            case let tail as TailCommand: #expect((0...1_000_000).contains(tail.last))
            case let simulate as SimulateCommand:
                #expect((0...65_535).contains(simulate.port) && simulate.rate.isFinite)
            case let demo as DemoCommand: #expect(demo.rate.isFinite)
            case let replay as ReplayStart:
                #expect(replay.rate.map { (1...1_000_000).contains($0) } ?? true)
                _ = try? MomentText.option("--from", replay.from, now: Timestamp(milliseconds: 0))
            default: break
            }
        }
    }
}
