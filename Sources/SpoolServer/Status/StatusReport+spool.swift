package import SpoolConfig
package import SpoolControl
package import SpoolCore
import SpoolEngine
package import SpoolStore

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
