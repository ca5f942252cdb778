import Foundation

/// Ports of this machine, for programs that cannot choose one themselves and tell it.
enum Ports {
    /// One that is free now, for TCP and for UDP.
    ///
    /// It lies below those that Linux gives away by itself (from 32,768 on), or one of the many sockets of the other
    /// tests might take it before its program does.
    static func free() throws -> Int {
        for _ in 0..<50 {
            let port = Int.random(in: 10_000..<32_000)
            if (try? Bound(SOCK_STREAM, port: port)) != nil, (try? Bound(SOCK_DGRAM, port: port)) != nil {
                return port
            }
        }
        throw HarnessFailure("no port is free for both TCP and UDP")
    }

    /// True once some process listens at it.
    static func isServed(_ port: Int, udp: Bool) throws -> Bool {
        let table = kernelText("/proc/net/\(udp ? "udp" : "tcp")")
        let wanted = String(port, radix: 16, uppercase: true)
        return table.split(separator: "\n").dropFirst().contains { line in
            let words = line.split(separator: " ")
            // 0A is LISTEN; datagram sockets have no such state.
            return words.count > 3 && words[1].split(separator: ":").last?.drop { $0 == "0" } ?? "" == wanted
                && (udp || words[3] == "0A")
        }
    }

    /// A file that the kernel makes while it is read, page by page: with many sockets one read is not all of it.
    private static func kernelText(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    /// A socket bound to a port for as long as it lives.
    private final class Bound {
        private let descriptor: Int32

        init(_ type: __socket_type, port: Int) throws {
            let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
            self.descriptor = descriptor
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0
                }
            }
            guard descriptor >= 0, isBound else { throw HarnessFailure("no socket for port \(port)") }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }
    }
}
