import Foundation

/// A Unix datagram socket like systemd's for notifications.
package final class DatagramReceiver {
    private let descriptor: Int32

    /// Binds it to a path, or to an abstract name if `path` starts with a zero byte.
    package init(path: String) throws {
        #if os(Linux)
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        #else
            descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count)
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
    }

    /// The next message; it must have been sent already.
    package func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        #if os(Linux)
            let flags = Int32(MSG_DONTWAIT)
        #else
            let flags = MSG_DONTWAIT
        #endif
        let count = recv(descriptor, &buffer, buffer.count, flags)
        guard count >= 0 else { throw POSIXError(.EAGAIN) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    deinit { close(descriptor) }
}
