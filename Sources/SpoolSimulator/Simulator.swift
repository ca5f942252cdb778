import NIOSSL
import Synchronization

/// A simulated portal with the HTTP API of the real one, and a record of the truth.
package final class Simulator: Sendable {
    /// The portal's time; tests change it.
    package let clock: SimulatorClock
    let portal: Portal
    private let tls: NIOSSLContext?
    private let serving = Mutex<PortalServer?>(nil)
    private let boundPort: Int

    /// Starts listening; the caller has to stop the simulator.
    package static func start(_ configuration: SimulatorConfiguration = .init()) async throws -> Simulator {
        let tls = try configuration.tls.map { try $0.context() }
        let portal = Portal(configuration)
        let server = try await PortalServer.start(
            portal,
            host: configuration.host,
            port: configuration.port,
            tls: tls
        )
        return Simulator(portal, tls: tls, server: server)
    }

    /// Runs a simulator while `body` runs.
    package static func run<Result: Sendable>(
        _ configuration: SimulatorConfiguration = .init(),
        _ body: (Simulator) async throws -> Result
    ) async throws -> Result {
        let simulator = try await start(configuration)
        do {
            let result = try await body(simulator)
            await simulator.stop()
            return result
        } catch {
            await simulator.stop()
            throw error
        }
    }

    private init(_ portal: Portal, tls: NIOSSLContext?, server: PortalServer) {
        self.portal = portal
        self.tls = tls
        clock = portal.clock
        boundPort = server.port
        serving.withLock { $0 = server }
    }

    /// The port it listens on; it stays the same across outages.
    package var port: Int { boundPort }

    /// The portal's base URL, which is also that of the token service.
    package var url: String {
        "\(tls == nil ? "http" : "https")://\(portal.configuration.host):\(boundPort)"
    }

    /// Stops listening and closes all connections; further connections are refused.
    package func stop() async {
        let server = serving.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.stop()
    }

    /// Listens again on the same port; records, faults and counts are preserved.
    package func restart() async throws {
        guard serving.withLock({ $0 == nil }) else { return }
        let server = try await PortalServer.start(
            portal,
            host: portal.configuration.host,
            port: boundPort,
            tls: tls
        )
        serving.withLock { $0 = server }
    }

    /// While true, connections are accepted and closed without a response.
    package func setHangsUp(_ hangsUp: Bool) {
        portal.withState { state, _ in state.hangsUp = hangsUp }
    }
}

extension SimulatorTLS {
    fileprivate func context() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(certificateFile).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        )
    }
}

/// A list of the portal.
package enum PortalStream: String, Sendable, CaseIterable, Hashable {
    case activities
    case alerts
}

extension Simulator {
    /// Adds a record to a stream; lists show it from its `visibleAt` on.
    package func insert(_ record: SimulatedRecord, into stream: PortalStream) {
        insert([record], into: stream)
    }

    /// Adds records to a stream.
    package func insert(_ records: [SimulatedRecord], into stream: PortalStream) {
        portal.withState { state, _ in
            for record in records { state[stream].insert(record) }
        }
    }

    /// Changes a record in place, except for its times; false if the stream has no such record.
    @discardableResult
    package func replace(id: String, in stream: PortalStream, with raw: [UInt8]) -> Bool {
        portal.withState { state, _ in state[stream].replace(id: id, with: raw) }
    }

    /// Changes the number of activities per second of the portal's time, and of alerts in proportion.
    package func setRate(activitiesPerSecond rate: Double) {
        portal.setRate(activitiesPerSecond: rate)
    }

    /// The records of a window that lists show by now.
    package func truth(_ stream: PortalStream, _ window: TruthWindow = .init()) -> [TruthRecord] {
        portal.withState { state, now in state[stream].truth(window, now: now) }
    }

    /// The ids of all records of a window that lists show by now.
    package func visibleIDs(_ stream: PortalStream, _ window: TruthWindow = .init()) -> Set<String> {
        Set(truth(stream, window).compactMap(\.id))
    }

    /// The ids of all records of a window that a page has contained.
    package func shownIDs(_ stream: PortalStream, _ window: TruthWindow = .init()) -> Set<String> {
        Set(truth(stream, window).filter { $0.shown > 0 }.compactMap(\.id))
    }

    /// The exact bytes of a record, as in lists.
    package func raw(id: String, in stream: PortalStream) -> [UInt8]? {
        let copy = portal.withState { state, _ in
            state[stream].place(of: id).flatMap { state[stream].copies(of: [$0]).first }
        }
        guard let copy else { return nil }
        var writer = JSONWriter()
        copy.write(to: &writer)
        return writer.bytes
    }

    /// Adds a rule; the first rule that applies to a request is used.
    package func addFault(_ rule: FaultRule) {
        portal.withState { state, _ in state.faults.add(rule) }
    }

    /// Adds a rule for the given requests, by default the next one of either stream.
    package func addFault(
        _ fault: Fault,
        on targets: Set<RequestTarget> = [.activities, .alerts],
        _ occurrence: FaultRule.Occurrence = .next(1)
    ) {
        addFault(FaultRule(fault, on: targets, occurrence))
    }

    /// Removes all faults.
    package func clearFaults() {
        portal.withState { state, _ in state.faults.clear() }
    }

    /// Changes the request limit; nil for none.
    package func setThrottle(_ throttle: Throttle?) {
        portal.withState { state, _ in state.throttle = throttle }
    }

    /// Changes the handling of times more than 30 days ago.
    package func setOldWindows(_ oldWindows: OldWindows) {
        portal.withState { state, _ in state.oldWindows = oldWindows }
    }

    /// Changes the accepted credentials and permissions.
    package func setCredentials(_ credentials: Credentials) {
        portal.withState { state, _ in state.authority.credentials = credentials }
    }

    /// Expires all bearer tokens immediately.
    package func revokeBearers() {
        portal.withState { state, _ in state.authority.revokeBearers() }
    }

    /// The requests so far.
    package var requests: RequestLog {
        portal.withState { state, _ in state.log }
    }

    /// Returns once the request log fulfils the predicate, which is evaluated after each request.
    package func waitUntil(_ predicate: @escaping @Sendable (RequestLog) -> Bool) async throws {
        let portal = portal
        try await portal.waiters.wait(predicate) { portal.withState { state, _ in state.log } }
    }
}

/// The portal's data about one of its records.
package struct TruthRecord: Sendable, Hashable {
    /// Nil for a record that was inserted without one.
    package var id: String?
    /// The time at which the portal saved it.
    package var created: Int64
    /// The time at which it occurred.
    package var timestamp: Int64
    /// The time from which lists show it.
    package var visibleAt: Int64
    /// The number of pages that have contained it in a readable form.
    package var shown: Int
}

/// Selects records.
package struct TruthWindow: Sendable {
    /// The time that `fromMs` and `toMs` refer to.
    package enum Basis: String, Sendable {
        case created
        case date
    }

    /// The time that the bounds refer to.
    package var basis: Basis
    /// The first millisecond.
    package var fromMs: Int64
    /// The millisecond after the last.
    package var toMs: Int64

    /// All times unless bounds are given.
    package init(_ basis: Basis = .created, fromMs: Int64 = .min, toMs: Int64 = .max) {
        self.basis = basis
        self.fromMs = fromMs
        self.toMs = toMs
    }

    func holds(_ entry: RecordEntry) -> Bool {
        let time = basis == .created ? entry.created : entry.timestamp
        return time >= fromMs && time < toMs
    }
}

extension RecordShelf {
    /// The records of a window that lists show by now, in the order of their creation.
    func truth(_ window: TruthWindow, now: Int64) -> [TruthRecord] {
        entries.filter { $0.visibleAt <= now && window.holds($0) }.map { entry in
            TruthRecord(
                id: id(of: entry),
                created: entry.created,
                timestamp: entry.timestamp,
                visibleAt: entry.visibleAt,
                shown: Int(entry.shown)
            )
        }
    }
}
