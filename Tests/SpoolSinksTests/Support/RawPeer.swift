import Foundation
import NIOPosix

/// A listener that uses system calls directly and treats a connection exactly as a test specifies.
final class RawPeer: Sendable {
    let port: Int
    private let listener: CInt

    init(receiveBuffer: CInt? = nil) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) | listen(listener, 8)
                    | getsockname(listener, address, &length)
            }
        }
        guard result == 0 else { throw PeerFailure(number: errno) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { Glibc.close(listener) }

    func accept() async throws -> RawConnection {
        let listener = listener
        return try await NIOThreadPool.singleton.runIfActive {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { throw PeerFailure(number: errno) }
            return RawConnection(descriptor: descriptor)
        }
    }
}

struct PeerFailure: Error {
    let number: CInt
}

/// A connection accepted by a `RawPeer`; it stays open until `close`.
struct RawConnection: Sendable {
    let descriptor: CInt

    /// Reads exactly this many bytes, or fewer at the end of the stream.
    func read(_ count: Int) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while bytes.count < count {
                let length = recv(descriptor, &piece, min(piece.count, count - bytes.count), 0)
                guard length >= 0 else { throw PeerFailure(number: errno) }
                if length == 0 { break }
                bytes += piece.prefix(length)
            }
            return bytes
        }
    }

    func readToEnd() async throws -> [UInt8] { try await read(.max) }

    /// Waits until this many bytes are unread in the receive buffer.
    func waitUntilUnread(_ count: Int) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            var bytes = [UInt8](repeating: 0, count: count)
            let length = recv(descriptor, &bytes, count, CInt(MSG_PEEK | MSG_WAITALL))
            guard length >= count else { throw PeerFailure(number: errno) }
        }
    }

    func write(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }

    /// Closes only the peer's direction.
    func endOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Closes; the kernel sends a RST instead of a FIN if something was not read.
    func close() { Glibc.close(descriptor) }
}
