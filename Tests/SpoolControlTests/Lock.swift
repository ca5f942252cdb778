import Foundation
import Synchronization

/// A spool's lock as `find` sees it.
final class Lock: Sendable {
    private let state = Mutex<String?>("pid 4711, spool run")

    var holder: String? { state.withLock { $0 } }

    func release() { state.withLock { $0 = nil } }
}

/// Leaves a socket file behind on which no process listens, as a killed process does.
func makeStaleSocket(_ path: String) throws {
    unlink(path)
    #if os(Linux)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let result = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard result == 0 else { throw POSIXError(.EADDRINUSE) }
}
