import Foundation
import Logging
import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolReceiver
import SpoolSimulator
import SpoolStore
import Synchronization

/// Everything that the demo sets up: a simulated portal, a spool in a temporary folder, a listener, and the
/// daemon's own loops between them, composed from a configuration file like any other.
struct DemoStage: Sendable {
    let folder: String
    let simulator: Simulator
    let receiver: Receiver
    let spool: Spool
    let engine: Engine

    /// Sets everything up and starts it.
    static func open(seed: UInt64, rate: Double, history: Int, logger: Logger) async throws -> DemoStage {
        let folder =
            FileManager.default.temporaryDirectory.path + "/spool-demo-\(UUID().uuidString.prefix(8))"
        // It must be new and owned by this user: every user can write to the folder around it.
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        var portal = SimulatorConfiguration()
        portal.seed = seed
        portal.activitiesPerSecond = rate
        portal.history = history
        portal.throttle = nil
        // Records that are late by minutes would make the demo wait for them; those that are late by hours
        // are late already.
        portal.lateness.slowActivities = 0
        let simulator = try await Simulator.start(portal)
        var listener = ReceiverConfiguration()
        listener.keepsIDs = true
        let receiver = try await Receiver.start(listener)
        try write(configuration(folder, simulator.url, receiver.port), folder: folder)
        let composition = try Composition.read(
            path: folder + "/spool.yaml",
            environment: [:],
            hostName: "demo"
        )
        let time = SystemTime.timekeeper()
        var options = SpoolOptions(holder: "spool demo")
        options.reserveBytes = 0
        let spool = try Spool.open(path: composition.spool.path, options: options, at: SystemTime.now())
        let engine = Engine(spool: spool, time: time, logger: logger)
        try await engine.apply(composition)
        return DemoStage(
            folder: folder,
            simulator: simulator,
            receiver: receiver,
            spool: spool,
            engine: engine
        )
    }

    /// Ends everything; `keeping` leaves the folder with the spool.
    func close(keeping: Bool) async throws {
        await engine.stop()
        try await spool.close(at: SystemTime.now())
        await receiver.stop()
        await simulator.stop()
        if !keeping { try FileManager.default.removeItem(atPath: folder) }
    }

    /// The ids that pages of both streams have contained.
    var shown: Set<String> { simulator.shownIDs(.activities).union(simulator.shownIDs(.alerts)) }

    /// The ids that the portal has by now.
    var visible: Set<String> { simulator.visibleIDs(.activities).union(simulator.visibleIDs(.alerts)) }

    /// The ids in the spool.
    func spooled() async throws -> Set<String> { try await texts("SELECT external_id FROM event") }

    /// The ids of events that occurred in a window.
    func spooled(from: Timestamp, to: Timestamp) async throws -> Set<String> {
        try await texts(
            "SELECT external_id FROM event WHERE occurred_ms >= \(from.milliseconds) "
                + "AND occurred_ms < \(to.milliseconds)"
        )
    }

    /// Events spooled, and events waiting for the SIEM.
    func progress() async throws -> (spooled: Int, waiting: Int) {
        let row = Mutex<[QueryValue]>([])
        try await spool.query(
            "SELECT coalesce(sum(t.inserted), 0), coalesce(sum(t.inserted - s.passed), 0) "
                + "FROM subscription s JOIN stream t ON t.id = s.stream_id",
            header: { _ in },
            row: { values in
                row.withLock { $0 = values }
                return false
            }
        )
        let numbers = row.withLock { $0.map { if case .integer(let number) = $0 { Int(number) } else { 0 } } }
        return (numbers.first ?? 0, numbers.last ?? 0)
    }

    /// The newest events of the spool, as the picture shows them.
    func recent() async throws -> [DemoPicture.Recent] {
        let found = Mutex<[DemoPicture.Recent]>([])
        try await spool.query(
            "SELECT strftime('%H:%M:%S', occurred_ms / 1000, 'unixepoch'), "
                + "coalesce(action, category) || coalesce('  ' || nullif(user_name, ''), '') "
                + "|| coalesce('  ' || nullif(app_name, ''), '') "
                + "FROM event ORDER BY seq DESC LIMIT 3",
            header: { _ in },
            row: { values in
                if case .text(let time) = values[0], case .text(let text) = values[1] {
                    found.withLock { $0.append(DemoPicture.Recent(time: time, text: Self.narrow(text))) }
                }
                return true
            }
        )
        return found.withLock { $0 }
    }

    /// The text with a dot in place of characters that may not take exactly one column, such as Chinese ones
    /// or combining marks.
    private static func narrow(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isNarrow =
                        (0x20..<0x7F).contains(scalar.value) || (0xA1..<0x300).contains(scalar.value)
                    return isNarrow ? scalar : "·"
                }
            )
        )
    }

    private func texts(_ sql: String) async throws -> Set<String> {
        let found = Mutex<Set<String>>([])
        try await spool.query(
            sql,
            header: { _ in },
            row: { values in
                if case .text(let text)? = values.first { found.withLock { _ = $0.insert(text) } }
                return true
            }
        )
        return found.withLock { $0 }
    }

    private static func write(_ configuration: String, folder: String) throws {
        try configuration.write(toFile: folder + "/spool.yaml", atomically: true, encoding: .utf8)
        try Credentials.defaultToken.write(toFile: folder + "/token", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder + "/token")
    }

    private static func configuration(_ folder: String, _ url: String, _ port: Int) -> String {
        """
        spool: { path: \(folder)/spool.db }
        sources:
          - name: demo
            type: defender-cloud-apps
            url: \(url)
            poll: 1s
            requests_per_minute: 600
            auth: { token: file:\(folder)/token }
            streams:
              activities: { start: 3d, look_back: 10s, sweep: 5s }
              alerts: { start: 3d, look_back: 48h, sweep: 5s }
        sinks:
          - name: siem
            type: syslog
            address: 127.0.0.1:\(port)
            transport: tcp
            streams: [demo/activities, demo/alerts]
        status: { listen: none }
        """
    }
}
