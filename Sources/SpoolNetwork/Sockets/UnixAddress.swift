import Foundation

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
