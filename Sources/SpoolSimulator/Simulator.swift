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
