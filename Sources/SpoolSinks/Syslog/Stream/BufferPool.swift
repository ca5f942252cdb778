import NIOCore
import Synchronization

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
