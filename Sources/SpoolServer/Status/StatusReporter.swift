package import SpoolConfig
package import SpoolControl
package import SpoolCore
import SpoolEngine
import SpoolPipeline
package import SpoolStore

/// Creates the status report of a running daemon.
struct StatusReporter: Sendable {
    let engine: Engine
    let current: CurrentComposition

    /// The current status.
    func report() async throws(StoreError) -> StatusReport {
        let composition = current.value
        var report = try await StatusReport(
            engine.spool,
            addresses: composition.addresses,
            notifications: engine.notifications,
            uncovered: engine.recorder.reading.gaps,
            at: engine.time.wall()
        )
        report.spool.limit = composition.spool.maxSize
        // The notification follows a moment later.
        report.reloadRefused = engine.reloads.refusal.map {
            RefusedReload(at: $0.at, cause: Sentence.ended($0.cause))
        }
        return report
    }
}

extension StatusReport {
    /// How long healed gaps are shown; the view `coverage` keeps them.
    static let healedShown = Duration.days(1)

    /// Reads the status from a spool, whether a daemon is running or not.
    package init(
        _ spool: Spool,
        addresses: [SinkName: String],
        notifications settings: NotificationSettings = NotificationSettings(),
        uncovered: [StreamID: [UncoveredTime]]? = nil,
        at now: Timestamp
    ) async throws(StoreError) {
        let status = try await spool.status()
        let gaps = try await GapStatus.read(
            spool,
            status.streams,
            uncovered: uncovered,
            healedSince: now - Self.healedShown,
            at: now
        )
        self.init(
            version: ProgramVersion.number,
            holder: Spool.holder(ofSpoolAt: spool.path),
            at: now,
            spool: SpoolFileStatus(
                path: spool.path,
                events: status.streams.reduce(0) { $0 + $1.kept },
                used: status.size.inUse,
                limit: 0,
                wal: status.size.wal,
                free: status.size.diskFree
            )
        )
        self.spool.paused =
            status.notifications.first { RuleCode.pausing.contains($0.code) }?.message
        let takers = status.sinks.filter { $0.state != .disabled }
            .flatMap { $0.subscriptions.filter { $0.state != "left" }.map(\.stream) }
            .reduce(into: [StreamName: Int]()) { $0[$1, default: 0] += 1 }
        let rates = try await spool.rates(at: now)
        streams = status.streams.map { stream in
            var status = StreamStatus(stream)
            status.gaps = gaps[stream.name] ?? []
            status.sinks = stream.isConfigured ? takers[stream.name] ?? 0 : nil
            status.perMinute = rates.streams[stream.id] ?? 0
            return status
        }
        sinks = status.sinks.map { sink in
            var status = SinkStatus(sink, address: addresses[sink.name] ?? "", settings: settings, at: now)
            status.perMinute = rates.sinks[sink.id] ?? 0
            return status
        }
        replays = status.replays.map(ReplayStatus.init)
        audit = try await spool.lastProof(.audit).flatMap(ProofStatus.init)
        proof = try await spool.lastProof(.command).flatMap(ProofStatus.init)
        if let audit, let proof, proof.finished < audit.finished { self.proof = nil }
        notifications = status.notifications
        reloadRefused = notifications.lazy.compactMap { ReloadNotice.refusal(in: $0) }.first
    }
}

extension StreamStatus {
    fileprivate init(_ stream: SpoolStatus.Stream) {
        self.init(name: stream.name.description, kind: stream.kind.name, state: stream.state)
        error = stream.trouble
        errorSince = stream.troubleSince
        start = stream.start
        since = stream.since
        readTo = stream.readTo
        sweptTo = stream.sweptTo
        newest = stream.newest
        lastSuccess = stream.lastSuccess
    }
}

extension SinkStatus {
    fileprivate init(
        _ sink: SpoolStatus.Sink,
        address: String,
        settings: NotificationSettings,
        at now: Timestamp
    ) {
        self.init(
            name: sink.name.text,
            type: sink.type,
            address: address,
            state: SinkCondition.of(sink, settings, at: now),
            backlog: sink.waiting
        )
        oldest = sink.subscriptions.compactMap(\.oldestOccurred).min()
        deadLetters = sink.deadLetters
        shortened = sink.shortened
        lastSuccess = sink.lastSuccess
        error = sink.lastError ?? sink.suspicion
        attempts = sink.attempts
        retryAt = sink.retryAt
        troubleSince = sink.troubleSince
    }
}

extension GapStatus {
    /// The gaps of every stream, oldest first: open ones, those healed since `time`, times not proved to have
    /// been read, and losses of sinks.
    ///
    /// - Parameters:
    ///   - spool: the spool to read.
    ///   - streams: its streams.
    ///   - uncovered: times not proved to have been read, if already known; otherwise they are read, which is
    ///     slow for a long history.
    ///   - time: gaps that healed earlier are omitted.
    ///   - now: the end of open gaps.
    /// - Returns: gaps by stream, without streams that have none.
    /// - Throws: if the spool cannot be read.
    static func read(
        _ spool: Spool,
        _ streams: [SpoolStatus.Stream],
        uncovered: [StreamID: [UncoveredTime]]?,
        healedSince time: Timestamp,
        at now: Timestamp
    ) async throws(StoreError) -> [StreamName: [GapStatus]] {
        var found: [StreamName: [GapStatus]] = [:]
        for gap in try await spool.coverage(healedSince: time, at: now) {
            var status = GapStatus(.unread, from: gap.from, to: gap.to)
            status.noticed = gap.noticed
            status.healed = gap.healed
            found[gap.stream, default: []].append(status)
        }
        for stream in streams where stream.isConfigured {
            var gaps: [UncoveredTime]
            if let uncovered {
                gaps = uncovered[stream.id] ?? []
            } else {
                gaps = try await spool.uncovered(of: stream.id)
            }
            // A history with more gaps is for the view `gaps`, not for a screen.
            gaps = Array(gaps.prefix(100))
            found[stream.name, default: []] += gaps.map { GapStatus(.unproved, from: $0.from, to: $0.to) }
        }
        for loss in try await spool.losses() {
            var status = GapStatus(.lost, from: loss.from, to: loss.to)
            status.sink = loss.sink.text
            status.events = loss.events
            found[loss.stream, default: []].append(status)
        }
        return found.mapValues { $0.sorted { $0.from < $1.from } }
    }
}
