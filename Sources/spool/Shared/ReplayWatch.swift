import SpoolCore
import SpoolDaemon

/// Shows a replay's progress until it has ended: a bar on a terminal, plain lines elsewhere.
struct ReplayWatch {
    private let desk: ReplayDesk
    private let replay: Replay

    init(_ desk: ReplayDesk, _ replay: Replay) {
        self.desk = desk
        self.replay = replay
    }

    /// Drives the replay where no daemon does, and watches it.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if desk.isDirect { group.addTask { [desk, replay] in try await desk.drive(replay) } }
            group.addTask { [self] in try await watch() }
            try await group.next()
            // Driven here: the watcher sees the end by itself. Watched only: the watcher is the whole group.
            try await group.waitForAll()
        }
    }

    private func watch() async throws {
        let began = ContinuousClock.now
        let first = replay.sent
        var shown = -1
        while true {
            guard let now = try await desk.replays().first(where: { $0.id == replay.id }) else { return }
            let elapsed = began.duration(to: .now)
            if now.sent != shown || now.state != .running {
                show(now, rate: Double(now.sent - first) / max(0.001, Double(elapsed.milliseconds) / 1_000))
                shown = now.sent
            }
            if now.state != .running {
                if Output.isTerminal { Output.line() }
                Output.line("replay \(now.id): \(now.state.rawValue), \(now.sent) of \(now.total) sent")
                if now.state == .cancelled || now.state == .paused {
                    throw CommandFailure(.undelivered, "not all of it was sent")
                }
                return
            }
            if desk.isHandedOver {
                Output.line("a daemon has taken the spool over; the replay goes on there")
                return
            }
            try await Task.sleep(for: .milliseconds(Output.isTerminal ? 200 : 1_000))
        }
    }

    private func show(_ replay: Replay, rate: Double) {
        let share = replay.total > 0 ? Double(replay.sent) / Double(replay.total) : 1
        var facts = "\(replay.sent)/\(replay.total) events"
        if rate > 0 { facts += ", \(Int(rate))/s" }
        let left = Int(Double(replay.total - replay.sent) / max(rate, 0.001))
        if rate > 0, left > 0 { facts += ", \(Age.text(.seconds(left))) left" }
        guard Output.isTerminal else { return Output.line("replay \(replay.id): \(facts)") }
        let width = 30
        let filled = Int(min(1, max(0, share)) * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        Output.text("\r\u{1B}[2K\(bar) \(facts)")
    }
}
