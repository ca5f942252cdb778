import SpoolCore
import SpoolDaemon

/// Shows a replay's progress until it has ended: a bar on a terminal, plain lines elsewhere.
struct ReplayWatch {
    /// Lines into a log or a pipe come no closer together.
    private static let pause = Duration.seconds(5)

    private let replay: Replay
    private let replays: @Sendable () async throws -> [Replay]
    private let desk: ReplayDesk?

    /// Watches a replay that runs elsewhere.
    init(_ replay: Replay, replays: @escaping @Sendable () async throws -> [Replay]) {
        self.replay = replay
        self.replays = replays
        desk = nil
    }

    /// Watches a replay, and drives it where no daemon does.
    init(_ replay: Replay, at desk: ReplayDesk) {
        self.replay = replay
        replays = { try await desk.replays() }
        self.desk = desk
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let desk, desk.isDirect { group.addTask { [replay] in try await desk.drive(replay) } }
            group.addTask { [self] in try await watch() }
            try await group.next()
            // Driven here: the watcher sees the end by itself. Watched only: the watcher is the whole group.
            try await group.waitForAll()
        }
    }

    private func watch() async throws {
        let began = ContinuousClock.now
        var progress = ReplayProgress()
        var shown: (facts: String, at: Duration)?
        while true {
            guard let now = try await replays().first(where: { $0.id == replay.id }) else { return }
            let elapsed = began.duration(to: .now)
            if !now.isRefetching { progress.note(sent: now.sent, at: elapsed) }
            let facts = progress.facts(now)
            if Output.isTerminal {
                Output.text("\r\u{1B}[2K\(progress.bar(now)) \(facts)")
            } else if shown.map({ $0.facts != facts && elapsed - $0.at >= Self.pause }) ?? true {
                Output.line("replay \(now.id): \(facts)")
                shown = (facts, elapsed)
            }
            if now.state != .running { return try end(now) }
            if desk?.isHandedOver == true {
                Output.line("a daemon has taken the spool over; the replay goes on there")
                return
            }
            try await Task.sleep(for: .milliseconds(Output.isTerminal ? 200 : 1_000))
        }
    }

    private func end(_ replay: Replay) throws {
        if Output.isTerminal { Output.line() }
        Output.line("replay \(replay.id): \(replay.state.rawValue), \(replay.sent) of \(replay.total) sent")
        if replay.state == .cancelled || replay.state == .paused {
            throw CommandFailure(.undelivered, "not all of it was sent")
        }
    }
}
