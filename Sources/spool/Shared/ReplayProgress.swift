import SpoolCore

/// How a replay comes along: a bar with rate and time left, as text; times come in as arguments.
struct ReplayProgress {
    /// The rate is that of so much time.
    private static let memory = Duration.seconds(10)
    private static let width = 30

    private var samples: [(at: Duration, sent: Int)] = []

    /// Notes how many events were sent at a time.
    mutating func note(sent: Int, at now: Duration) {
        samples.append((now, sent))
        // One older sample stays, so that there is always something to compare with.
        while samples.count > 2, now - samples[1].at >= Self.memory { samples.removeFirst() }
    }

    /// Events a second; nil before two samples tell.
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

    /// A bar of the share that was sent, or of the window that was read from the source.
    func bar(_ replay: Replay) -> String {
        let share = replay.total > 0 ? Double(replay.sent) / Double(replay.total) : 1
        let filled = replay.isRefetching ? 0 : Int(min(1, max(0, share)) * Double(Self.width))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
    }
}
