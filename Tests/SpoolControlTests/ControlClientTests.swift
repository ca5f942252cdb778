import Foundation
import Hummingbird
import SpoolControl
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Requests to the daemon", .timeLimit(.minutes(5)))
struct ControlClientTests {
    private let folder: TemporaryFolder
    private let socket: ControlSocket
    private let daemon = SpoolHolder(role: .daemon, pid: 4711, command: "spool run", version: "1.0")

    init() throws {
        folder = try TemporaryFolder()
        // A name that must be escaped in a URL.
        socket = ControlSocket(spool: folder.path("spool 100%+ü.db"))
    }

    private let request = ReplayRequest(
        sink: SinkName("siem"),
        from: Timestamp(milliseconds: 1_000),
        to: Timestamp(milliseconds: 2_000),
        basis: .created,
        streams: [StreamName(source: "contoso", stream: "alerts")],
        missingOnly: true
    )

    private func replay(_ state: Replay.State) -> Replay {
        Replay(
            id: ReplayID(3),
            sinkID: SinkID(1),
            sink: SinkName("siem"),
            request: request,
            state: state,
            streams: [
                Replay.Stream(
                    stream: StreamID(1),
                    name: StreamName(source: "contoso", stream: "alerts"),
                    last: Seq(99),
                    position: Seq(50)
                )
            ],
            total: 10,
            sent: 4,
            created: Timestamp(milliseconds: 5_000)
        )
    }

    @Test("each command reaches its route unchanged, and its answer is returned unchanged")
    func commands() async throws {
        let (daemon, request) = (daemon, request)
        let replays = [replay(.running), replay(.paused)]
        let estimate = ReplayEstimate(inWindow: 10, toSend: 6, acknowledged: 3, kernel: 1, deadLetters: 2)

        try await withControlServer(on: socket) { router in
            router.on(Identify.self) { _ in daemon }
            router.on(EstimateReplay.self) { $0.request == request ? estimate : ReplayEstimate() }
            router.on(CreateReplay.self) { [replay] in
                try #require($0.request == request)
                return replay(.running)
            }
            router.on(ListReplays.self) { $0.sink == SinkName("siem") ? replays : [] }
            router.on(MoveReplay.self) { [replay] in replay($0.move.state) }
        } _: { client in
            let holder = try await client.send(Identify())
            let estimated = try await client.send(EstimateReplay(request))
            let created = try await client.send(CreateReplay(request))
            let listed = try await client.send(ListReplays(sink: SinkName("siem")))
            let all = try await client.send(ListReplays())

            #expect(holder == daemon)
            #expect(estimated == estimate)
            #expect(created == replays[0])
            #expect(listed == replays)
            #expect(all == [])
            for move in MoveReplay.Move.allCases {
                let moved = try await client.send(MoveReplay(ReplayID(3), move))
                #expect(moved.state == move.state)
            }
        }
    }

    @Test("the status is read from the same socket")
    func status() async throws {
        var report = StatusReport(
            version: "1.0",
            holder: "1 (spool run)",
            at: Timestamp(milliseconds: 2),
            spool: SpoolFileStatus(path: "/x", events: 3, used: 4, limit: 5, wal: 6, free: 7)
        )
        report.replays = [ReplayStatus(replay(.running))]
        let sent = report

        let received = try await withControlServer(on: socket) { router in
            router.get("/status") { _, _ in try json(.ok, sent) }
        } _: {
            try await $0.status()
        }

        #expect(received == report)
    }

    @Test("a refusal has its message and its exit code")
    func refusal() async throws {
        let failure = ControlFailure(.spoolUnavailable, "the disk is full")

        let fault = try await withControlServer(on: socket) { router in
            router.on(CreateReplay.self) { _ in throw Refusal(failure: failure) }
        } _: { [request] client in
            await #expect(throws: ControlFault.self) { try await client.send(CreateReplay(request)) }
        }

        #expect(fault == .refused(failure))
        #expect(fault?.description == "the disk is full")
        #expect(fault?.exitStatus == .spoolUnavailable)
    }

    @Test("a process that does not know the route, or answers nonsense, is reported as another version")
    func mismatch() async throws {
        let faults = try await withControlServer(on: socket) { router in
            router.post("/control/replay/list") { _, _ in "[1, 2]" }
        } _: { client in
            [
                await #expect(throws: ControlFault.self) { try await client.send(Identify()) },
                await #expect(throws: ControlFault.self) { try await client.send(ListReplays()) },
            ]
        }

        for fault in faults {
            guard case .broken(let message) = fault else {
                Issue.record("\(String(describing: fault))")
                continue
            }
            #expect(message.contains("not a spool daemon of this version"))
        }
    }

    @Test("when no process listens the message says how to start the daemon")
    func nobody() async throws {
        let fault = await #expect(throws: ControlFault.self) {
            try await ControlClient(socket).send(Identify())
        }

        guard case .noDaemon(let message) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(message.contains(socket.path) && message.contains("spool run"))
        #expect(fault?.exitStatus == .cannotReach)
    }

    @Test("a socket left behind by a killed daemon counts as no daemon")
    func stale() async throws {
        try await withControlServer(on: socket) { _ in
        } _: { _ in
        }
        try makeStaleSocket(socket.path)

        let fault = await #expect(throws: ControlFault.self) {
            try await ControlClient(socket).send(Identify())
        }

        guard case .noDaemon = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test("a path that is too long for a Unix socket is refused with the limit")
    func longPath() async {
        let socket = ControlSocket(spool: "/" + String(repeating: "x", count: 120))

        let fault = await #expect(throws: ControlFault.self) {
            try await ControlClient(socket).send(Identify())
        }

        #expect(fault?.description.contains("107 bytes") == true)
        #expect(ControlSocket(spool: "/var/lib/spool/spool.db").pathProblem == nil)
        #expect(ControlSocket(spool: "/" + String(repeating: "x", count: 101)).pathProblem == nil)
        #expect(ControlSocket(spool: "/" + String(repeating: "x", count: 102)).pathProblem != nil)
    }

    @Test("with a free lock and no socket the caller may open the spool")
    func free() async throws {
        #expect(try await ControlClient(socket).find { nil } == nil)
    }

    @Test("the process that answers is found, regardless of which process holds the lock")
    func found() async throws {
        let daemon = daemon

        let holder = try await withControlServer(on: socket) { router in
            router.on(Identify.self) { _ in daemon }
        } _: { client in
            try await client.find { "pid 4711, spool run" }
        }

        #expect(holder == daemon)
    }

    @Test("a lock without a socket is waited for, and then reported with its holder")
    func lockedWithoutSocket() async throws {
        let clock = ManualClock()
        let client = ControlClient(socket)
        let finder = Task { try await client.find(clock: clock) { "pid 4711, spool run" } }

        for _ in 0..<40 {
            try await clock.waitUntilSleeping()
            clock.advance(by: .milliseconds(250))
        }

        let fault = await #expect(throws: ControlFault.self) { try await finder.value }
        guard case .lockedWithoutSocket(let message) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(message.contains("pid 4711, spool run") && message.contains("10s"))
        #expect(fault?.exitStatus == .spoolUnavailable)
    }

    @Test("a daemon that is starting is found as soon as it listens")
    func starting() async throws {
        let clock = ManualClock()
        let client = ControlClient(socket)
        let daemon = daemon
        let finder = Task { try await client.find(clock: clock) { "pid 4711, spool run" } }
        try await clock.waitUntilSleeping()

        let holder = try await withControlServer(on: socket) { router in
            router.on(Identify.self) { _ in daemon }
        } _: { _ in
            clock.advance(by: .milliseconds(250))
            return try await finder.value
        }

        #expect(holder == daemon)
    }

    @Test("a lock that is released during the wait may be taken")
    func released() async throws {
        let clock = ManualClock()
        let client = ControlClient(socket)
        let lock = Lock()
        let finder = Task { try await client.find(clock: clock) { lock.holder } }
        try await clock.waitUntilSleeping()

        lock.release()
        clock.advance(by: .milliseconds(250))

        #expect(try await finder.value == nil)
    }
}
