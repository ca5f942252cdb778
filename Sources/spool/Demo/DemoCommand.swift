import ArgumentParser
import Foundation
import Logging
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolPipeline
import SpoolReceiver
import SpoolSimulator
import SpoolStore
import Synchronization

/// `spool demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Demonstrates in one minute, without a configuration, that a SIEM outage loses no events."
    )

    @Option(help: "Random seed; the same seed produces the same records.")
    var seed: UInt64 = 1

    @Option(help: "Activities per second, 1 to 1,000.")
    var rate = 40.0

    @Flag(help: "Keep the folder with the spool for inspection with sqlite3.")
    var keep = false

    func validate() throws { try NumberOption.check("--rate", rate, 1...1_000) }

    func run() async throws {
        var options = Demo.Options()
        let environment = ConfigurationOption.environment
        options.isTerminal = Output.isTerminal && environment["TERM"] != "dumb"
        // NO_COLOR counts if it is set and not empty (no-color.org).
        options.hasColor = (environment["NO_COLOR"] ?? "").isEmpty
        options.keepsFolder = keep
        options.seed = seed
        options.rate = rate
        // The picture shows what happens, so only errors are logged.
        let logger = Logger.spool(.error)
        let demo = Demo(options, logger: logger) { Output.screen($0) }
        let account = try await CommandFailure.translating { try await demo.run() }
        guard account.faults.isEmpty else {
            throw CommandFailure(.undelivered, "the demo's event counts do not match")
        }
    }
}

/// `spool demo`: events flow, the SIEM goes down, the backlog grows and drains, a window is replayed, and
/// every event is accounted for.
struct Demo: Sendable {
    /// How the demo is shown and how long its acts are.
    struct Options: Sendable {
        var isTerminal = false
        var hasColor = false
        var keepsFolder = false
        var seed: UInt64 = 1
        var rate = 40.0
        var history = 2_000
        /// How long events flow, and how long the SIEM is down.
        var act: Duration = .seconds(8)
        /// The time limit of an act; an act that exceeds it has failed.
        var limit: Duration = .seconds(60)

        init() {}
    }

    private let options: Options
    private let logger: Logger
    private let screen: DemoScreen

    init(_ options: Options, logger: Logger, write: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.logger = logger
        screen = DemoScreen(isTerminal: options.isTerminal, color: options.hasColor, write: write)
    }

    /// Plays the demo.
    ///
    /// - Returns: the account; the caller ends with an error when it has faults.
    /// - Throws: `Interrupted` after SIGINT or SIGTERM, when everything has been closed and the folder
    ///   removed.
    func run() async throws -> DemoAccount {
        try await InterruptibleWork.run { try await run(until: $0) }
    }

    private func run(until interrupt: ShutdownRequest) async throws -> DemoAccount {
        let stage = try await DemoStage.open(
            seed: options.seed,
            rate: options.rate,
            history: options.history,
            logger: logger
        )
        screen.say("portal  \(stage.simulator.url) (simulated, \(Int(options.rate)) activities per second)")
        screen.say("spool   \(stage.spool.path)")
        screen.say("SIEM    127.0.0.1:\(stage.receiver.port) (built in)")
        screen.say("")
        let account: DemoAccount
        do {
            account = try await interrupt.ending { try await play(stage) }
        } catch {
            // The first error is the cause; an error of closing adds nothing.
            try? await stage.close(keeping: options.keepsFolder)
            throw error
        }
        screen.say("")
        if options.keepsFolder {
            screen.say("inspect: sqlite3 \(stage.spool.path) \"select * from deliveries\"")
        }
        try await stage.close(keeping: options.keepsFolder)
        screen.say(account.line)
        return account
    }

    /// An act that did not finish within its limit.
    private struct UnfinishedAct: Error { let phase: String }

    /// Plays the acts until one does not finish, and counts the events.
    private func play(_ stage: DemoStage) async throws -> DemoAccount {
        var again: Set<String> = []
        var unfinished: String?
        do {
            try await playActs(stage, again: &again)
        } catch let act as UnfinishedAct {
            unfinished = act.phase
        }
        return DemoAccount(
            held: stage.visible,
            shown: stage.shown,
            spooled: try await stage.spooled(),
            received: stage.receiver.ids,
            replayed: again,
            unfinished: unfinished
        )
    }

    private func playActs(_ stage: DemoStage, again: inout Set<String>) async throws {
        var picture = DemoPicture()
        picture.rate = Int(options.rate)
        picture.history = options.history
        let began = ContinuousClock.now
        let opened = SystemTime.now()

        try await act("events flow from the portal through the spool to the SIEM", stage, &picture, began) {
            // Nothing is in flight then: events lost with a connection would be sent again, and the demo
            // expects no duplicates.
            began.duration(to: .now) >= options.act && $0.waiting == 0
        }
        await stage.receiver.stop()
        picture.isUp = false
        let left = ContinuousClock.now
        try await act("the SIEM is down; fetching continues, the backlog grows", stage, &picture, began) {
            _ in
            left.duration(to: .now) >= options.act
        }
        try await stage.receiver.restart()
        picture.isUp = true
        // Events that were sent within the last seconds are not settled yet.
        try await act("the SIEM is back; the backlog drains", stage, &picture, began) {
            $0.waiting == 0 && $0.unsettled < Int(options.rate * 6)
        }

        // Whole minutes, because the picture shows times without seconds.
        let minute = Timestamp(milliseconds: opened.milliseconds / 60_000 * 60_000)
        let window = (from: minute - .hours(12), to: minute - .hours(6))
        again = try await stage.spooled(from: window.from, to: window.to)
        let replay = try await stage.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: window.from, to: window.to),
            at: SystemTime.now()
        )
        stage.engine.lanesChanged.notify()
        let ended = Mutex(false)
        try await act(
            "replay \(replay.id): \(Count.text(replay.total, "event")) of "
                + "\(Self.short(window.from)) to \(Self.short(window.to)) are sent again",
            stage,
            &picture,
            began
        ) { _ in
            let all = try await stage.spool.replays(of: nil)
            ended.withLock { $0 = all.first?.state == .disabled }
            return ended.withLock { $0 }
        }
        stage.simulator.setRate(activitiesPerSecond: 0)
        try await act(
            "the portal adds no events; the remaining ones are fetched and delivered",
            stage,
            &picture,
            began
        ) {
            $0.unsettled == 0 && $0.waiting == 0 && $0.shown == stage.visible.count && $0.spooled == $0.shown
        }
    }

    /// `2026-11-23T04:00Z`.
    private static func short(_ time: Timestamp) -> String { time.description.prefix(16) + "Z" }

    /// Shows one act until it is over.
    ///
    /// - Throws: `UnfinishedAct` when it is not within its limit.
    private func act(
        _ phase: String,
        _ stage: DemoStage,
        _ picture: inout DemoPicture,
        _ began: ContinuousClock.Instant,
        until isOver: (DemoPicture) async throws -> Bool
    ) async throws {
        picture.begin(phase)
        let limit = ContinuousClock.now.advanced(by: options.limit)
        while true {
            (picture.spooled, picture.unsettled) = try await stage.progress()
            if options.isTerminal { picture.recent = try await stage.recent() }
            picture.shown = stage.shown.count
            picture.shownAlerts = stage.simulator.shownIDs(.alerts).count
            let counts = stage.receiver.counts
            picture.received = counts.messages
            picture.receivedEvents = counts.ids
            picture.elapsedSeconds = Int(began.duration(to: .now).milliseconds / 1_000)
            picture.remember()
            screen.show(picture)
            if try await isOver(picture) { return }
            guard ContinuousClock.now < limit else { throw UnfinishedAct(phase: phase) }
            // The refresh interval of the picture; nothing waits for it.
            try await Task.sleep(for: .milliseconds(options.isTerminal ? 200 : 1_000))
        }
    }
}
