import NIOCore
import Synchronization

/// Keeps the memory that batches were rendered into, to be used again.
final class BufferPool: Sendable {
    /// One being written, one waiting, one being rendered.
    private static let kept = 3

    private let spare = Mutex<[ByteBuffer]>([])

    /// An empty buffer.
    func take() -> ByteBuffer {
        var buffer = spare.withLock { $0.popLast() } ?? ByteBuffer()
        // Makes a new one if somebody still holds the memory.
        buffer.clear()
        return buffer
    }

    func giveBack(_ buffer: ByteBuffer) {
        spare.withLock { if $0.count < Self.kept { $0.append(buffer) } }
    }
}
