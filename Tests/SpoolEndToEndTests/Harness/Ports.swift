import Foundation

/// Ports of this machine, for programs that cannot choose one themselves and report it.
enum Ports {
    /// A port that is free at the moment, for TCP and for UDP.
    ///
    /// It is below the ephemeral ports of Linux (from 32,768 on): otherwise a socket of another test could
    /// take it before the program does.
    static func free() throws -> Int {
        for _ in 0..<50 {
            let port = Int.random(in: 10_000..<32_000)
            if (try? Bound(SOCK_STREAM, port: port)) != nil, (try? Bound(SOCK_DGRAM, port: port)) != nil {
                return port
            }
        }
        throw HarnessFailure("no port is free for both TCP and UDP")
    }

    /// True once a process listens on the port.
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

    /// Reads a file that the kernel generates page by page: with many sockets one read does not return all of
    /// it.
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

    /// A socket that is bound to a port as long as the object exists.
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
