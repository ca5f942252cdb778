package import Foundation
import Synchronization

/// A small HTTP server on this machine, with sockets of its own: it stores requests and returns the given
/// answers.
///
/// One request per connection. It shares no code with the program under test.
package final class HTTPListener: Sendable {
    /// A request as received.
    package struct Request: Sendable {
        package let method: String
        /// Path and query.
        package let target: String
        /// By lower-case name.
        package let headers: [String: String]
        package let body: Data
    }

    private struct State {
        var requests: [Request] = []
        var answers: [String] = []
        var cutAnswers: [String] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    package let port: Int
    private let descriptor: Int32
    private let state = Mutex(State())

    /// Listens on a port; 0 for any free one.
    package init(port: Int = 0) throws {
        #if os(Linux)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { [descriptor] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard result else { throw POSIXError(.EADDRINUSE) }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        let listening = descriptor
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listening, nil, nil)
                // The listening socket was closed.
                guard connection >= 0 else { return }
                Thread.detachNewThread { [weak self] in
                    self?.serve(connection)
                    close(connection)
                }
            }
        }
    }

    deinit { stop() }

    /// Accepts no further connections.
    package func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Sets the answers to the next requests: a status, optionally followed by header lines.
    ///
    /// After these the answer is 204.
    package func answer(_ answers: String...) { state.withLock { $0.answers += answers } }

    /// Sets the bytes sent for the next request, after which the connection is closed.
    package func answer(exactly bytes: String) { state.withLock { $0.cutAnswers.append(bytes) } }

    /// All requests so far.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Returns once this many requests have arrived.
    package func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.requests.count < count { state.waiters.append((count, continuation)) }
                return state.requests.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    private func serve(_ connection: Int32) {
        guard let request = Self.read(connection) else { return }
        let (answer, ready) = state.withLock { state in
            state.requests.append(request)
            let count = state.requests.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            if !state.cutAnswers.isEmpty { return (state.cutAnswers.removeFirst(), ready) }
            let status = state.answers.isEmpty ? "204 No Content" : state.answers.removeFirst()
            return ("HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", ready)
        }
        _ = send(connection, answer, answer.utf8.count, Self.noSignal)
        for waiter in ready { waiter.continuation.resume() }
    }

    private static func read(_ connection: Int32) -> Request? {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let mark = Data("\r\n\r\n".utf8)
        while true {
            if let end = data.range(of: mark) {
                let head = String(decoding: data[..<end.lowerBound], as: UTF8.self)
                    .components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in head.dropFirst() {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                        .trimmingCharacters(in: .whitespaces)
                }
                let body = data[end.upperBound...]
                if body.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 {
                    let words = head[0].split(separator: " ")
                    return Request(
                        method: String(words.first ?? ""),
                        target: String(words.dropFirst().first ?? ""),
                        headers: headers,
                        body: Data(body)
                    )
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            data.append(contentsOf: buffer[..<count])
        }
    }

    #if os(Linux)
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #else
        private static let noSignal: Int32 = 0
    #endif
}
