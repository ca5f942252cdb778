import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import SpoolCore
import SpoolFormats
import SpoolNetwork

/// The parameters of a stream.
struct StreamPlan: Sendable {
    let endpoint: Endpoint
    let isTLS: Bool
    var tls = TLSSettings()
    var grace = UnsettledWindow.defaultGrace
    var readAhead = UnsettledWindow.readAhead
    /// How long after the peer's FIN a reset may still arrive.
    var endConfirmation = Duration.milliseconds(50)
    var connectTimeout = Duration.seconds(10)
    /// Shared by all connections of a sink.
    var early = EarlyEnd()

    var words: StreamWords { StreamWords(peer: endpoint.description) }
}

/// Opens streams.
struct StreamConnector {
    let plan: StreamPlan

    /// Connects and, with TLS, performs the handshake, within the connect timeout.
    func open(_ renderer: LineRenderer, gate: SendGate = SendGate()) async throws(SinkFault) -> StreamSession
    {
        let report = StreamReport(gate: gate)
        do {
            let context = try plan.isTLS ? tlsContext() : nil
            let link = try await connect(report, context)
            let session = StreamSession(renderer: renderer, link: link, report: report)
            try await waitUntilReady(session, link)
            return session
        } catch {
            throw plan.words.fault(opening: error)
        }
    }

    private func tlsContext() throws -> NIOSSLContext {
        try NIOSSLContext(configuration: plan.tls.clientConfiguration())
    }

    private func connect(_ report: StreamReport, _ tls: NIOSSLContext?) async throws
        -> NIOLoopBound<StreamLink>
    {
        let plan = plan
        return try await bootstrap.connect(host: plan.endpoint.host, port: plan.endpoint.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let wire = WireHandler()
                let link = StreamLink(channel: channel, wire: wire, plan: plan, report: report)
                try channel.pipeline.syncOperations.addHandler(wire)
                if let tls {
                    let name = plan.endpoint.tlsName
                    let handler = try NIOSSLClientHandler(context: tls, serverHostname: name)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
                try channel.pipeline.syncOperations.addHandler(link)
                return NIOLoopBound(link, eventLoop: channel.eventLoop)
            }
        }
    }

    private var bootstrap: ClientBootstrap {
        ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(TimeAmount(plan.connectTimeout))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.init(rawValue: CInt(TCP_KEEPIDLE))), value: 60)
            .channelOption(.tcpOption(.init(rawValue: CInt(TCP_KEEPINTVL))), value: 10)
            .channelOption(.tcpOption(.init(rawValue: CInt(TCP_KEEPCNT))), value: 3)
            // The connection ends when bytes stay unacknowledged for this long (RFC 5482), or when the peer's
            // window stays closed.
            .channelOption(.tcpOption(.init(rawValue: CInt(TCP_USER_TIMEOUT))), value: 30_000)
    }

    private func waitUntilReady(_ session: StreamSession, _ link: NIOLoopBound<StreamLink>) async throws {
        let timeout = TimeAmount(plan.connectTimeout)
        let ready = link.eventLoop.submit {
            let link = link.value
            let loop = link.ready.futureResult.eventLoop
            let alarm = loop.assumeIsolated().scheduleTask(in: timeout) { link.timeOut() }
            link.ready.futureResult.whenComplete { _ in alarm.cancel() }
            return link.ready.futureResult
        }
        try await withTaskCancellationHandler {
            try await ready.flatMap { $0 }.get()
        } onCancel: {
            link.eventLoop.execute { link.value.close() }
        }
    }
}
