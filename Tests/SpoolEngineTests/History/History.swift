import Foundation
import GRDB
import Logging
import SpoolCore
import SpoolPipeline
import SpoolTestSupport

@testable import SpoolStore

/// One random history of a spool with a receiver: what the source has, what the daemon did, and what the
/// receiver has read.
///
/// The spool, its ledger, proof and retention, and the delivery loop are real; source, receiver and clocks
/// are simulated. All random choices derive from one seed.
final class History {
    static let begin = Timestamp(milliseconds: 1_795_000_000_000)
    static let name = StreamName(source: "contoso", stream: "activities")

    var random: SeededGenerator
    let receiver = SimulatedReceiver()
    private(set) var sinkName = "siem"
    private(set) var spool: Spool
    private(set) var stream = StreamID(0)
    private(set) var sink = SinkID(0)
    /// The records that the source lists, with the time at which they were recorded.
    private(set) var source: [(id: String, saved: Timestamp)] = []
    /// Ids of deleted events that the receiver has not read; no repair can send them from the spool.
    private(set) var deletedUnread: Set<String> = []
    /// The steps so far, for analysing a failure.
    private(set) var log: [String] = []
    private(set) var findings: [String] = []
    private(set) var now = History.begin
    /// The error of the local clock.
    private var wallOffset = Duration.zero
    private var folder: URL
    private let clock = ManualClock()
    private let appended = ChangeSignal()
    private let lanesChanged = ChangeSignal()
    private var running: (stop: ShutdownRequest, task: Task<Void, any Error>, pauses: Task<Void, any Error>)?

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        folder = try Self.makeFolder()
        spool = try Self.open(folder, at: now)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var wall: Timestamp { now + wallOffset }

    /// Creates the folder in memory if possible, because each transaction is synced.
    private static func makeFolder() throws -> URL {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let isThere = FileManager.default.isWritableFile(atPath: memory.path)
        let folder = (isThere ? memory : FileManager.default.temporaryDirectory)
            .appendingPathComponent("spool-history-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func open(_ folder: URL, at now: Timestamp) throws -> Spool {
        var options = SpoolOptions(holder: "a test")
        options.reserveBytes = 0
        options.lowDiskBytes = 0
        return try Spool.open(path: folder.appendingPathComponent("spool.db").path, options: options, at: now)
    }

    func draw(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    func note(_ text: String) { log.append(text) }

    func found(_ text: String) { findings.append(text) }

    // MARK: The daemon

    /// Registers the stream and the sink, under a new name if it was renamed, and starts the sink's loop.
    func start(renamed: Bool = false) async throws {
        let old = sinkName
        if renamed { sinkName = "siem\(log.count)" }
        let topology = Topology(
            streams: [Topology.Stream(name: Self.name, kind: .activity, filterHash: "f")],
            sinks: [
                Topology.Sink(
                    name: SinkName(sinkName),
                    type: "syslog",
                    streams: [Self.name],
                    start: .beginning,
                    renamedFrom: renamed ? SinkName(old) : nil
                )
            ]
        )
        let registration = try await spool.register(topology, at: wall)
        guard let stream = registration.streams[Self.name], let sink = registration.sinks[SinkName(sinkName)]
        else {
            return found("the registration has no stream or no sink")
        }
        (self.stream, self.sink) = (stream, sink)
        if try await spool.proofBounds(of: stream).start == nil {
            try await spool.begin(stream, start: Self.begin, sweptTo: Self.begin + .days(3_650))
        }
        run()
    }

    private func run() {
        let (stop, clock, begin) = (ShutdownRequest(), clock, now)
        let offset = wallOffset
        let time = Clocks(clock: clock, wall: { begin + offset }, chance: { 0.5 })
        let loop = DeliveryLoop(
            sink: receiver,
            id: sink,
            store: spool,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let receiver = receiver
        let pauses = Task {
            while true {
                try await clock.waitUntilSleeping()
                // Retrying before the receiver is back changes nothing. A stop has its own limits, which must
                // pass.
                while receiver.isAway, !stop.isAsked, !Task.isCancelled {
                    let version = receiver.changed.version
                    if receiver.isAway, !stop.isAsked { await receiver.changed.changed(after: version) }
                }
                if let rest = clock.untilNextDeadline { clock.advance(by: rest) }
                await Task.yield()
            }
        }
        running = (stop, Task { try await loop.run(stop: stop) }, pauses)
    }

    /// Stops the loop as on a shutdown of the daemon.
    private func stopLoop() async throws {
        guard let running else { return }
        // The timeout passes only if it is needed: a receiver that reads closes in time.
        if !receiver.isHung { running.pauses.cancel() }
        running.stop.ask()
        // Wakes the task that moves the clock if it waits for the receiver.
        receiver.changed.notify()
        try await running.task.value
        running.pauses.cancel()
        self.running = nil
    }

    /// Stops the daemon cleanly and starts it again.
    func restart(renamed: Bool = false) async throws {
        try await stopLoop()
        try await spool.close(at: wall)
        spool = try Self.open(folder, at: wall)
        try await start(renamed: renamed)
    }

    /// The daemon's host crashes and restarts with what was on its disk.
    func crash() async throws {
        let (old, next) = (folder, try Self.makeFolder())
        // No transaction is running; events sent after this point count as sent before the crash.
        _ = try await spool.writeWithoutTransaction { _ in
            for name in ["spool.db", "spool.db-wal"] {
                try FileManager.default.copyItem(
                    at: old.appendingPathComponent(name),
                    to: next.appendingPathComponent(name)
                )
            }
        }
        let wasAway = receiver.isAway
        receiver.abandonConnection()
        try await stopLoop()
        try await spool.close(at: wall)
        try FileManager.default.removeItem(at: old)
        folder = next
        if !wasAway { receiver.comeBack() }
        spool = try Self.open(folder, at: wall)
        try await start()
    }

    func end() async throws {
        try await stopLoop()
        try await spool.close(at: wall)
    }

    /// Waits until the loop has sent everything that the receiver accepts.
    func settleDown() async throws {
        for _ in 0..<20_000 {
            // The loop may not have been notified yet that its connection has ended; until then the ledger
            // does not show it.
            let (isDrained, isAnyOpen) = (try await isDrained(), try await isAnyOpen())
            if receiver.isStuck || isDrained, receiver.isConnected || !isAnyOpen { return }
            await Task.yield()
        }
        found("the loop did not come to rest")
    }

    private func isAnyOpen() async throws -> Bool {
        try await spool.read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM connection WHERE closed_ms IS NULL)")
                ?? false
        }
    }

    private func isDrained() async throws -> Bool {
        let sink = sink
        return try await spool.read { db in
            let waiting = try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM subscription s JOIN stream t ON t.id = s.stream_id
                        WHERE s.sink_id = ?1 AND t.inserted > s.passed)
                        + (SELECT count(*) FROM replay WHERE state = 'running')
                    """,
                arguments: [sink.value]
            )
            return waiting == 0
        }
    }

    // MARK: Steps

    func pass(_ duration: Duration) { now = now + duration }

    /// Sets the wall clock, by hours or by decades; the source's clock is unchanged.
    ///
    /// The daemon either notices the step or is not running.
    func stepClock() async throws {
        let before = wallOffset
        wallOffset = draw(2) == 0 ? .minutes(draw(400) - 200) : .days(365 * (draw(60) - 30))
        note("the clock is off by \(wallOffset)")
        if draw(2) == 0 {
            try await spool.followClock(to: wall, setForwardBy: max(.zero, wallOffset - before))
        } else {
            try await restart()
        }
    }

    /// Pauses or resumes a replay.
    func pauseReplay() async throws {
        let replays = try await spool.replays(of: nil).filter(\.state.isUnfinished)
        guard !replays.isEmpty else { return }
        let replay = replays[draw(replays.count)]
        let state: Replay.State = replay.state == .paused ? .running : .paused
        try await spool.move(replay.id, to: state, at: wall)
        lanesChanged.notify()
        note("replay \(replay.id) \(state)")
    }

    /// Resumes all paused replays.
    func resumeReplays() async throws {
        for replay in try await spool.replays(of: nil) where replay.state == .paused {
            try await spool.move(replay.id, to: .running, at: wall)
        }
        lanesChanged.notify()
    }

    /// The source records events; `hidden` ones appear only after their time was read.
    func save(_ count: Int, hidden: Bool) async throws {
        let events = (0..<count).map { index -> (id: String, saved: Timestamp) in
            ("e\(source.count + index)", now + .milliseconds(index))
        }
        source += events
        pass(.seconds(1))
        if !hidden { try await fetch(events, .poll) }
    }

    /// Stores a page of the source in the spool.
    func fetch(_ events: [(id: String, saved: Timestamp)], _ reason: Scan.Reason) async throws {
        guard !events.isEmpty else { return }
        var body: [UInt8] = []
        let records = events.map { one -> PageRecord in
            let start = body.count
            body += Array("{\"_id\":\"\(one.id)\"}".utf8)
            let event = Event(externalID: one.id, kind: .activity, occurred: one.saved, created: one.saved)
            return PageRecord(raw: start..<body.count, event: event)
        }
        let from = events.map(\.saved).min() ?? now
        let commit = PageCommit(
            stream: stream,
            page: Page(body: body, records: records, date: now, next: nil),
            scan: Scan(reason: reason, from: from, to: reason == .poll ? nil : now, filterHash: "f"),
            windowEnd: now,
            ended: .complete,
            progress: reason == .poll
                ? StreamProgress(start: Self.begin, cursor: Cursor(since: now), sweptTo: Self.begin)
                : StreamProgress(),
            fetched: wall
        )
        _ = try await spool.append(commit)
        appended.notify()
    }

    /// Runs retention with an age of a few minutes.
    func prune() async throws {
        let before = try await ids()
        let times = [stream: SourceTime(date: now, sweepsBack: .zero)]
        let age = Duration.minutes(draw(30))
        let report = try await spool.prune(now: times, at: wall, age: age)
        let gone = before.subtracting(try await ids())
        deletedUnread.formUnion(gone.subtracting(receiver.read))
        note("retention deleted \(report.events) older than \(age)")
    }

    /// Notifies the loop of new events and replays.
    func wakeLoop() {
        appended.notify()
        lanesChanged.notify()
    }

    func ids() async throws -> Set<String> {
        let stream = stream
        return try await spool.read { db in
            try Set(
                String.fetchAll(
                    db,
                    sql: "SELECT external_id FROM event WHERE stream_id = ?",
                    arguments: [stream.value]
                )
            )
        }
    }

    func replay() async throws {
        let request = ReplayRequest(
            sink: SinkName(sinkName),
            from: Self.begin,
            to: now + .days(1),
            missingOnly: draw(2) == 0
        )
        let replay = try await spool.create(request, at: wall)
        lanesChanged.notify()
        note("replay \(replay.id) of \(replay.total), missing only: \(request.missingOnly)")
    }

    func removeReplay() async throws {
        let ended = try await spool.replays(of: nil).filter { !$0.state.isUnfinished }
        guard !ended.isEmpty else { return }
        let replay = ended[draw(ended.count)]
        try await spool.remove(replay.id)
        note("replay \(replay.id) removed")
    }
}
