import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Synchronization

/// One installation under test: a folder with a configuration and a spool, a simulated portal, and the
/// `spool` processes that a test starts there.
///
/// The portal runs in the test's own process, so that tests can read its list of records and control its
/// faults; `spool` connects to it over HTTP like to a real one.
final class Site: Sendable {
    let folder: TemporaryFolder
    let simulator: Simulator
    private let children = Mutex<[Child]>([])
    private let listeners = Mutex<[Receiver]>([])
    private let settings: Mutex<SiteConfiguration>
    private let stopsSimulator: Bool

    private init(_ folder: TemporaryFolder, _ simulator: Simulator, stopsSimulator: Bool = true) {
        self.folder = folder
        self.simulator = simulator
        self.stopsSimulator = stopsSimulator
        settings = Mutex(SiteConfiguration())
    }

    /// Runs `body` with a new site, then stops everything that was started there.
    static func run<Result: Sendable>(
        _ portal: SimulatorConfiguration = .busy(),
        _ body: (Site) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        return try await run(Site(folder, try await Simulator.start(portal)), body)
    }

    /// Runs `body` with a new site beside others at the same portal, which continues to run.
    static func run<Result: Sendable>(
        at simulator: Simulator,
        _ body: (Site) async throws -> Result
    ) async throws -> Result {
        try await run(Site(try TemporaryFolder(), simulator, stopsSimulator: false), body)
    }

    private static func run<Result: Sendable>(
        _ site: Site,
        _ body: (Site) async throws -> Result
    ) async throws -> Result {
        do {
            try site.folder.write(Credentials.defaultToken, to: "token")
            let result = try await body(site)
            await site.close()
            return result
        } catch {
            await site.close()
            throw error
        }
    }

    private func close() async {
        for child in children.withLock({ $0 }) { await child.end() }
        for listener in listeners.withLock({ $0 }) { await listener.stop() }
        if stopsSimulator { await simulator.stop() }
    }

    /// The path of the spool.
    var spoolPath: String { folder.path("spool.db") }

    /// The path of the configuration.
    var configurationPath: String { folder.path("spool.yaml") }

    /// The last written configuration.
    var configuration: SiteConfiguration { settings.withLock { $0 } }

    /// Changes the configuration file.
    func configure(_ change: (inout SiteConfiguration) -> Void) throws {
        let text = settings.withLock { settings in
            change(&settings)
            return settings.yaml(folder: folder.path, url: simulator.url)
        }
        try folder.write(text, to: "spool.yaml")
    }

    /// Starts a listener that stores ids; it is stopped with the site.
    func receiver(_ configuration: ReceiverConfiguration = .keeping()) async throws -> Receiver {
        let receiver = try await Receiver.start(configuration)
        listeners.withLock { $0.append(receiver) }
        return receiver
    }

    /// Starts a program; it is stopped with the site.
    func start(
        _ name: String,
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) -> Child {
        let child = Child.start(
            name,
            program,
            arguments,
            environment: environment,
            folder: folder.path
        )
        children.withLock { $0.append(child) }
        return child
    }

    /// Starts `spool run` and returns without waiting.
    func launch(_ options: [String] = [], environment: [String: String] = [:]) -> Child {
        start(
            "spool run",
            BuiltProduct.spool,
            ["run", "--config", configurationPath] + options,
            environment: environment
        )
    }

    /// Starts `spool run` and returns once it has logged that it is running.
    func daemon(_ options: [String] = [], environment: [String: String] = [:]) async throws -> Child {
        let daemon = launch(options, environment: environment)
        try await daemon.waitUntil("logs that it is running") { $0.contains { $0.isLog("running") } }
        return daemon
    }

    /// Runs a `spool` command until it exits; `--config` is added.
    func spool(_ arguments: String..., within limit: Duration = .seconds(90)) async throws -> Answer {
        try await Child.answer(
            BuiltProduct.spool,
            arguments + ["--config", configurationPath],
            folder: folder.path,
            within: limit
        )
    }
}

extension Child {
    /// Sends SIGTERM and waits for the end.
    ///
    /// - Returns: the status of the process.
    @discardableResult
    func terminate(within limit: Duration = .seconds(60)) async throws -> TerminationStatus {
        try send(.terminate)
        return try await exit(within: limit)
    }

    /// Sends SIGKILL and waits for the end.
    func kill() async throws {
        try send(.kill)
        try await exit()
    }
}

extension String {
    /// True for a log line with this message: `<time> <level> <message> …`.
    func isLog(_ message: String) -> Bool {
        let quoted = message.contains(" ") ? "\"\(message)\"" : message
        let words = split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { return false }
        return words[2] == quoted || words[2].hasPrefix(quoted + " ")
    }
}

extension ReceiverConfiguration {
    /// A listener that stores ids, and optionally messages.
    static func keeping(messages: Bool = false, _ transport: Transport = .tcp) -> ReceiverConfiguration {
        var configuration = ReceiverConfiguration(transport)
        configuration.keepsIDs = true
        configuration.keepsMessages = messages
        return configuration
    }
}

extension SimulatorConfiguration {
    /// A portal with records of the last two days and new ones at a rate; it does not limit requests.
    ///
    /// There are no records that become visible minutes later, because no test waits for minutes. Records
    /// that are late by hours are included, because they are late already.
    static func busy(history: Int = 1_000, rate: Double = 0, seed: UInt64 = 1) -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        configuration.seed = seed
        configuration.history = history
        configuration.activitiesPerSecond = rate
        configuration.activitiesPerAlert = 10
        configuration.throttle = nil
        configuration.lateness.slowActivities = 0
        return configuration
    }
}
