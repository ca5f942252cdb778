import Foundation
import NIOPosix
import SpoolCore
import SpoolNetwork
import SpoolReceiver
import SpoolTestSupport

@testable import SpoolDoctor

/// Examines one connection as the doctor does.
func examine(
    _ host: String,
    _ port: Int,
    _ transport: ConnectionPlan.Transport,
    proxy: ProxyAddress? = nil,
    role: ConnectionPlan.Role = .siem,
    lines: ConnectionPlan.Lines = .ended,
    timeout: Duration = .seconds(10)
) async -> [Finding] {
    let plan = ConnectionPlan(
        role: role,
        endpoint: Endpoint(host: host, port: port),
        transport: transport,
        proxy: proxy,
        lines: lines
    )
    return await PeerExamination(subject: "sink siem", plan: plan, timeout: timeout, now: localTime).run()
}

/// This machine's clock.
@Sendable func localTime() -> Timestamp {
    Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
}

extension [Finding] {
    /// The findings that are not good.
    var problems: [Finding] { filter { $0.verdict == .problem } }

    /// The finding of a check.
    func of(_ check: String) -> Finding? { first { $0.check == check } }
}

extension ReceiverConfiguration {
    static func tls(_ certFile: String, _ keyFile: String, clients: String? = nil) -> ReceiverConfiguration {
        ReceiverConfiguration(
            .tls(ReceiverTLS(certificateFile: certFile, keyFile: keyFile, clientAuthorityFile: clients))
        )
    }
}

/// A local port that answers no SYN, like one behind a filtering firewall, because its backlog is full.
final class FilteredPort {
    let port: Int
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptors.append(listener)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 0)
                _ = getsockname(listener, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        // A backlog of 0 holds one connection; later ones get no answer.
        for _ in 0..<3 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            descriptors.append(client)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(client, $0, length) }
            }
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
