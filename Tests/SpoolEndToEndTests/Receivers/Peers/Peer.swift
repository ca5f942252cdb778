import Foundation
import SpoolTestSupport

/// The input of a real receiver.
enum PeerInput: Sendable {
    case tcp, udp
    case tls(TestCertificates)

    var isUDP: Bool {
        if case .udp = self { true } else { false }
    }
}

/// A line as parsed by a real receiver: each field is the result of the receiver's parser.
struct SeenLine: Decodable, Sendable {
    let host: String
    let pri: String
    let time: String
    let tag: String
    /// The fifth field between bars of the text that the receiver treats as the message.
    let `class`: String
    /// The whole message.
    let raw: String
}

/// A real syslog daemon that writes what it receives to a file.
struct Peer: Sendable {
    let child: Child
    let port: Int
    fileprivate let file: String

    /// Waits until the receiver listens.
    init(_ child: Child, port: Int, file: String, udp: Bool) async throws {
        self.child = child
        self.port = port
        self.file = file
        try await eventually(
            "\(child.name) listens at \(port)",
            within: .seconds(60),
            state: { child.lastLines }
        ) {
            guard child.isRunning else {
                throw HarnessFailure("\(child.name) ended immediately:\n\(child.lastLines)")
            }
            return try Ports.isServed(port, udp: udp)
        }
    }

    /// Starts a receiver's program with a higher priority, if that is permitted: a real receiver has its own
    /// machine, and over UDP it loses data while it is not scheduled.
    static func launch(
        _ name: String,
        _ program: String,
        _ arguments: [String],
        of package: DebianPackage,
        at site: Site
    ) -> Child {
        site.start(name, "nice", ["-n", "-10", program] + arguments, environment: package.environment)
    }

    /// The complete lines that it has written.
    func seen<Line: Decodable>(as type: Line.Type = SeenLine.self) throws -> [Line] {
        guard let data = FileManager.default.contents(atPath: file) else { return [] }
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        return try lines.map { try JSONDecoder().decode(Line.self, from: $0) }
    }

    private func lineCount() throws -> Int {
        FileManager.default.contents(atPath: file)?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    /// Returns once it has written `count` lines.
    func waitFor(lines count: Int) async throws {
        try await eventually(
            "\(count) lines in the file of \(child.name)",
            state: { "There are \(try lineCount()). \(child.lastLines)" }
        ) { try lineCount() >= count }
    }
}
