import Foundation

/// A datagram socket connected to the socket of another program on this machine, by its path.
///
/// Unix datagrams are not lost in transit: what the kernel has accepted is in the other program's queue
/// (`unix(7)`).
package final class UnixDatagramSocket: Sendable {
    /// Why a datagram was not accepted.
    package enum Failure: Error, Sendable, Equatable {
        /// Larger than the kernel allows.
        case tooLarge
        /// The other program's queue is full, because it does not read.
        case full
        /// Anything else, with the system's text.
        case failed(String)
    }

    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Connects without blocking.
    package static func connected(to path: String) throws(Failure) -> UnixDatagramSocket {
        guard let address = UnixAddress(path) else { throw .failed("this is not the path of a socket") }
        let descriptor = socket(AF_UNIX, datagram, 0)
        guard descriptor >= 0 else { throw failure(errno) }
        let connection = UnixDatagramSocket(descriptor)
        let result = address.withSockaddr { connect(descriptor, $0, $1) }
        guard result == 0 else { throw failure(errno) }
        return connection
    }

    deinit { close(descriptor) }

    /// Hands a datagram to the kernel without blocking.
    package func send(_ bytes: [UInt8]) throws(Failure) {
        let count = Foundation.send(descriptor, bytes, bytes.count, Self.sendFlags)
        guard count == bytes.count else { throw Self.failure(errno) }
    }

    private static func failure(_ code: Int32) -> Failure {
        switch code {
        case EMSGSIZE: .tooLarge
        case EAGAIN, ENOBUFS: .full
        default: .failed(String(cString: strerror(code)))
        }
    }

    #if os(Linux)
        private static let datagram = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        private static let sendFlags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    #else
        private static let datagram = SOCK_DGRAM
        private static let sendFlags = MSG_DONTWAIT
    #endif
}

/// The address of a Unix socket: a path, or after `@` a name in Linux's abstract namespace (`unix(7)`).
struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// Nil for any other text, or one that is too long.
    init?(_ text: String) {
        guard text.hasPrefix("/") || text.hasPrefix("@") else { return nil }
        var bytes = Array(text.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        if text.hasPrefix("@") { bytes[0] = 0 }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name ends with its last byte; the length of a path may include its terminating zero.
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        length = socklen_t(offset + bytes.count + (text.hasPrefix("@") ? 0 : 1))
    }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
