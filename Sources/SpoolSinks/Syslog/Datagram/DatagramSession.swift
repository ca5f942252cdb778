import NIOCore
import SpoolCore
import SpoolFormats
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
