import SpoolCore
import SpoolDaemon

/// Shows the progress of a replay until it has ended: a bar on a terminal, otherwise plain lines.
struct ReplayWatch {
    /// The minimum time between lines in a log or pipe.
    private static let pause = Duration.seconds(5)

    private let replay: Replay
    private let replays: @Sendable () async throws -> [Replay]
    private let session: SpoolSession?
    private let isQuiet: Bool

    /// Watches a replay that another process runs.
    init(
        _ replay: Replay,
        isQuiet: Bool = false,
        replays: @escaping @Sendable () async throws -> [Replay]
    ) {
        self.replay = replay
        self.replays = replays
        self.isQuiet = isQuiet
        session = nil
    }

    /// Watches a replay, and runs it if there is no daemon; with `isQuiet` nothing is shown.
    init(_ replay: Replay, at session: SpoolSession, isQuiet: Bool = false) {
        self.isQuiet = isQuiet
        self.replay = replay
        replays = { try await session.replays() }
        self.session = session
    }

    /// Watches a new replay until it has ended, or, if a daemon runs it and `waits` is false, prints how to
    /// follow it.
    ///
    /// - Returns: the last known state of the replay.
    static func attend(_ replay: Replay, at session: SpoolSession, _ messages: CommandMessages, waits: Bool)
        async throws
        -> Replay
    {
        guard waits || session.isStandalone else {
            messages.line("it runs in the daemon; `spool replay show \(replay.id)` shows its progress")
            return replay
        }
        return try await ReplayWatch(replay, at: session, isQuiet: messages.isJSON).run()
    }

    /// Returns when the replay has ended or continues in a daemon; a signal prints what happens to the
    /// replay.
    ///
    /// - Returns: the last known state of the replay, also of one that was removed meanwhile.
    func run() async throws -> Replay {
        try await Interruption.telling(interruptNotice, at: session) { try await follow() }
    }

    /// What happens to the replay after Ctrl-C.
    var interruptNotice: String {
        let id = replay.id
        if session?.isStandalone == true {
            return "replay \(id) stops here and is kept: it continues when the daemon runs, or with "
                + "`spool replay resume \(id)`; `spool replay cancel \(id)` cancels it"
        }
        return "replay \(id) continues in the daemon: `spool replay show \(id) --follow` follows it, "
            + "`spool replay cancel \(id)` cancels it"
    }

    private func follow() async throws -> Replay {
        try await withThrowingTaskGroup(of: Replay?.self) { group in
            if let session, session.isStandalone {
                group.addTask { [replay] in
                    try await session.drive(replay)
                    return nil
                }
            }
            group.addTask { [self] in try await watch() }
            // The watcher detects the end by itself; without a driver it is the only task of the group.
            var last = replay
            for try await seen in group { last = seen ?? last }
            return last
        }
    }

    private func watch() async throws -> Replay {
        let began = ContinuousClock.now
        var progress = ReplayProgress()
        var shown: (facts: String, at: Duration)?
        var last = replay
        while true {
            guard let now = try await replays().first(where: { $0.id == replay.id }) else {
                say("replay \(replay.id) was removed")
                return last
            }
            last = now
            let elapsed = began.duration(to: .now)
            if !now.isRefetching { progress.note(sent: now.sent, at: elapsed) }
            let facts = progress.facts(now)
            if isQuiet {
                // Nothing is shown.
            } else if Output.isTerminal {
                Output.screen("\r\u{1B}[2K\(progress.bar(now)) \(facts)")
            } else if shown.map({ $0.facts != facts && elapsed - $0.at >= Self.pause }) ?? true {
                Output.line("replay \(now.id): \(facts)")
                shown = (facts, elapsed)
            }
            if now.state != .running {
                if Output.isTerminal { say("") }
                say(ReplayEnd(now).text)
                return now
            }
            if session?.isInterrupted == true { return now }
            if session?.isHandedOver == true {
                say("a daemon has taken over the spool; the replay continues there")
                return now
            }
            try await Task.sleep(for: .milliseconds(Output.isTerminal ? 200 : 1_000))
        }
    }

    private func say(_ text: String) { if !isQuiet { Output.line(text) } }
}

/// The result of a replay that was waited for.
struct ReplayEnd {
    private let replay: Replay

    init(_ replay: Replay) { self.replay = replay }

    var text: String {
        "replay \(replay.id): \(replay.state.rawValue), \(Grouped.text(replay.sent)) of "
            + "\(Grouped.text(replay.total)) sent" + (replay.reason.map { "; \($0.printable)" } ?? "")
    }

    /// Why the command exits with code 5; nil if everything was sent, or if the replay continues elsewhere.
    var failure: CommandFailure? {
        guard replay.state == .cancelled || replay.state == .paused else { return nil }
        return CommandFailure(
            .undelivered,
            "replay \(replay.id) was \(replay.state.rawValue) before it finished: not all events were sent"
        )
    }

    /// Throws the first failure of several.
    static func check(_ replays: [Replay]) throws {
        if let failure = replays.lazy.compactMap({ ReplayEnd($0).failure }).first { throw failure }
    }
}

/// The progress of a replay as text: a bar with rate and remaining time; times are passed as arguments.
struct ReplayProgress {
    /// The time over which the rate is measured.
    private static let memory = Duration.seconds(10)
    private static let width = 30

    private var samples: [(at: Duration, sent: Int)] = []

    /// Records how many events had been sent at a time.
    mutating func note(sent: Int, at now: Duration) {
        samples.append((now, sent))
        // One older sample is kept for comparison.
        while samples.count > 2, now - samples[1].at >= Self.memory { samples.removeFirst() }
    }

    /// Events per second; nil before there are two samples.
    var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.at > first.at else { return nil }
        let seconds = Double((last.at - first.at).milliseconds) / 1_000
        return seconds > 0 ? Double(last.sent - first.sent) / seconds : nil
    }

    /// "1200 of 5000 events, 300/s, 12s left".
    func facts(_ replay: Replay) -> String {
        if replay.isRefetching, let refetch = replay.refetch { return "source \(RefetchText(refetch).text)" }
        var facts = "\(Grouped.text(replay.sent)) of \(Count.text(replay.total, "event"))"
        if let rate, rate > 0 {
            facts += ", \(Grouped.text(Int(rate.rounded())))/s"
            let left = Int((Double(replay.total - replay.sent) / rate).rounded(.up))
            if left > 0 { facts += ", \(Age.text(.seconds(left))) left" }
        }
        if let trouble = replay.trouble { facts += "; \(trouble.printable)" }
        return facts
    }

    /// A bar that shows which share of the events has been sent; empty while the source is read.
    func bar(_ replay: Replay) -> String {
        let share = replay.total > 0 ? Double(replay.sent) / Double(replay.total) : 1
        let filled = replay.isRefetching ? 0 : Int(min(1, max(0, share)) * Double(Self.width))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
    }
}
