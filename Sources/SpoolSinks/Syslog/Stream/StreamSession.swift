import NIOCore
import SpoolCore
import SpoolFormats
import Synchronization

/// A TCP or TLS connection that sends batches.
final class StreamSession: SinkSession {
    let settlements: AsyncStream<Settlement>
    private let renderer: LineRenderer
    private let link: NIOLoopBound<StreamLink>
    private let report: StreamReport
    private let pool = BufferPool()

    init(renderer: LineRenderer, link: NIOLoopBound<StreamLink>, report: StreamReport) {
        self.renderer = renderer
        self.link = link
        self.report = report
        settlements = report.settlements
    }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        var lines = pool.take()
        let rendered = lines.render(batch, by: renderer)
        let settled = SettledBatch(
            batch: number,
            runs: rendered.runs(of: batch.count, delivered: .kernel, limit: renderer.format.maxMessageBytes),
            bytes: rendered.bytes,
            cut: rendered.cut
        )
        try await report.gate.enter(rendered.bytes)
        link.execute { [lines, pool] in $0.write(lines, of: settled, pool: pool) }
    }

    func finish(timeout: Duration) async {
        link.execute { $0.finish(timeout: timeout) }
        await report.waitUntilOver()
    }

    func close() async {
        link.execute { $0.close() }
        await report.waitUntilOver()
    }

    deinit {
        link.execute { $0.close() }
    }
}

extension NIOLoopBound<StreamLink> {
    /// Runs a closure on the link's event loop.
    fileprivate func execute(_ body: @escaping @Sendable (StreamLink) -> Void) {
        eventLoop.execute { body(value) }
    }
}

/// Reuses the memory of rendered batches.
final class BufferPool: Sendable {
    /// One buffer is being written, one waits, one is being rendered.
    private static let kept = 3

    private let spare = Mutex<[ByteBuffer]>([])

    /// Returns an empty buffer.
    func take() -> ByteBuffer {
        var buffer = spare.withLock { $0.popLast() } ?? ByteBuffer()
        // Allocates a new buffer if the memory is still referenced.
        buffer.clear()
        return buffer
    }

    func giveBack(_ buffer: ByteBuffer) {
        spare.withLock { if $0.count < Self.kept { $0.append(buffer) } }
    }
}
