import NIOCore
import NIOPosix
import SpoolCore
import SpoolFormats
import SpoolNetwork
import Synchronization

/// Sends each line as a datagram, paced; a line settles as sent when the network has accepted it.
final class DatagramSession: SinkSession {
    let settlements: AsyncStream<Settlement>
    private let channel: any Channel
    private let renderer: LineRenderer
    private let report: StreamReport
    private let words: StreamWords
    private let pace: Mutex<Pace>

    init(
        channel: any Channel,
        renderer: LineRenderer,
        report: StreamReport,
        words: StreamWords,
        pace: Pace
    ) {
        self.channel = channel
        self.renderer = renderer
        self.report = report
        self.words = words
        self.pace = Mutex(pace)
        settlements = report.settlements
    }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        var lines = ByteBuffer()
        let rendered = lines.render(batch, by: renderer)
        let refused = try await send(lines.datagrams(ending: rendered.ends))
        let limit = renderer.format.maxMessageBytes
        let runs = rendered.runs(of: batch.count, delivered: .sent, refusingDatagrams: refused, limit: limit)
        report.settled([
            SettledBatch(batch: number, runs: runs, bytes: rendered.bytes, cut: rendered.cut)
        ])
    }

    func finish(timeout: Duration) async {
        report.over(nil)
        channel.close(promise: nil)
    }

    func close() async {
        report.over(SinkFault(.unreachable, "spool stopped sending to \(words.peer)"))
        channel.close(promise: nil)
    }

    deinit { channel.close(promise: nil) }

    /// Sends datagrams in bursts and returns the indices of those that the network refused for their size.
    private func send(_ datagrams: [ByteBuffer]) async throws(SinkFault) -> [Int] {
        var refused: [Int] = []
        var next = 0
        while next < datagrams.count {
            // Throws an error that the network has reported since the last burst.
            try await report.gate.enter(0)
            let turn = pace.withLock { $0.take(datagrams.count - next, at: .now) }
            do {
                if turn.count == 0 {
                    try await Task.sleep(until: turn.next, clock: .continuous)
                } else {
                    let burst = datagrams[next..<next + turn.count]
                    refused += try await write(burst).map { $0 + next }
                    next += turn.count
                }
            } catch {
                let fault = words.fault(opening: error)
                report.over(fault)
                // An error that the network reported before is more informative.
                throw report.gate.end(fault)
            }
        }
        return refused
    }

    /// Writes a burst and returns the indices of the datagrams that were too large.
    private func write(_ burst: ArraySlice<ByteBuffer>) async throws -> [Int] {
        let channel = channel
        let results = try await channel.eventLoop.flatSubmit {
            let written = burst.map { channel.write($0) }
            channel.flush()
            return EventLoopFuture.whenAllComplete(written, on: channel.eventLoop)
        }.get()
        var tooLarge: [Int] = []
        for (index, result) in results.enumerated() {
            guard case .failure(let error) = result else { continue }
            guard error as? ChannelError == .writeMessageTooLarge else { throw error }
            tooLarge.append(index)
        }
        return tooLarge
    }
}

extension ByteBuffer {
    /// The individual lines, without copying.
    fileprivate func datagrams(ending ends: [Int]) -> [ByteBuffer] {
        var start = readerIndex
        return ends.compactMap { end in
            defer { start = readerIndex + end }
            return getSlice(at: start, length: readerIndex + end - start)
        }
    }
}

/// Opens a connected datagram socket, so that ICMP errors are reported on it.
struct DatagramConnector {
    let endpoint: Endpoint
    var pace = Pace.standard

    func open(_ renderer: LineRenderer) async throws(SinkFault) -> DatagramSession {
        let words = StreamWords(peer: endpoint.description)
        let report = StreamReport()
        do {
            let endpoint = endpoint
            let address = try await BlockingCall.run {
                try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
            }
            let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelInitializer { channel in
                    let link = DatagramLink { error in report.over(words.fault(opening: error)) }
                    return channel.pipeline.addHandler(link)
                }
                .connect(to: address)
                .get()
            return DatagramSession(
                channel: channel,
                renderer: renderer,
                report: report,
                words: words,
                pace: pace
            )
        } catch {
            throw words.fault(opening: error)
        }
    }
}

/// Receives the network's errors for datagrams that were sent, such as a closed port.
final class DatagramLink: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let onError: @Sendable (any Error) -> Void

    init(onError: @escaping @Sendable (any Error) -> Void) {
        self.onError = onError
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) { onError(error) }

    func channelInactive(context: ChannelHandlerContext) { onError(ChannelError.eof) }
}

/// Limits the rate of datagrams; it reads no clock.
///
/// A receiver's buffer holds about ninety datagrams of a usual size (Linux's default of 212,992 bytes counts
/// 2,304 for one of 900), and drops datagrams that arrive faster than they are read.
struct Pace {
    /// 1,000 datagrams per second, in bursts of 10: a receiver may then be unable to read for 90 ms.
    ///
    /// At 2,000 and 5,000 per second a syslog-ng on a busy machine was seen to lose lines.
    static let standard = Pace(burst: 10, interval: .milliseconds(10))

    let burst: Int
    /// The time between the starts of two bursts.
    let interval: Duration
    private var begun: ContinuousClock.Instant?
    private var used = 0

    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// The number of datagrams that may be sent now; if 0, the time at which to ask again.
    mutating func take(_ wanted: Int, at now: ContinuousClock.Instant) -> (
        count: Int, next: ContinuousClock.Instant
    ) {
        let next = begun.map { $0.advanced(by: interval) }
        if next.map({ $0 <= now }) ?? true {
            begun = now
            used = 0
        }
        let count = min(wanted, burst - used)
        used += count
        return (count, (begun ?? now).advanced(by: interval))
    }
}
