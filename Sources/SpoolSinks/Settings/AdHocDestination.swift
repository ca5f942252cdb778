import Foundation
package import SpoolCore

/// A destination given on the command line: `tcp://host:port`, `tls://host:port` or `udp://host:port`.
///
/// The keys of a syslog sink are query items
/// (`?format=json&framing=octet-counting&ca_file=/etc/corp-ca.pem`). Keys of a group are written with a dot
/// (`header.time=rfc3164`); those of `tls` are written without the group.
package struct AdHocDestination: Sendable, Equatable {
    /// Why a destination cannot be used, in words for the user.
    package struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    private static let transports = SyslogSettings.Transport.allCases.map(\.rawValue)
    private static let tlsKeys: Set<String> = ["ca_file", "cert_file", "key_file"]

    private let transport: String
    private let address: String
    private let items: [(key: String, value: String)]

    /// Parses the form of a destination; `sink` validates its keys.
    package init(_ text: String) throws(Fault) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let head = parts.first ?? ""
        guard let mark = head.range(of: "://"), Self.transports.contains(String(head[..<mark.lowerBound]))
        else {
            throw Fault(
                description:
                    "expected a destination such as tcp://host:port, tls://host:port or udp://host:port, "
                    + "found `\(text)`"
            )
        }
        transport = String(head[..<mark.lowerBound])
        var rest = head[mark.upperBound...]
        if rest.hasSuffix("/") { rest.removeLast() }
        address = String(rest)
        var items: [(key: String, value: String)] = []
        for item in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let value = pair[1].removingPercentEncoding else {
                throw Fault(description: "expected a destination's option as `key=value`, found `\(item)`")
            }
            let key = String(pair[0])
            items.append((Self.tlsKeys.contains(key) ? "tls.\(key)" : key, value))
        }
        self.items = items
    }

    /// The destination with absolute paths, because the daemon has its own working directory.
    package func text(relativeTo folder: String) -> String {
        let query = items.map { key, value in
            let isPath = key.hasSuffix("_file") && !value.hasPrefix("/")
            let path = isPath ? (folder as NSString).appendingPathComponent(value) : value
            let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
            return "\(key)=\(escaped)"
        }
        return "\(transport)://\(address)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// Makes the sink; nothing is connected yet.
    ///
    /// - Throws: All problems of the destination in one text.
    package func sink(named name: SinkName, hostName: String) throws(Fault) -> any Sink {
        let problems = ConfigurationProblems()
        let root = node
        guard var group = ConfigurationMapping(root, problems: problems) else { throw fault(problems) }
        var warnings: [ConfigurationProblem] = []
        let settings = SyslogSettings(&group, problems, hostName: hostName, warnings: &warnings)
        group.finish()
        guard let settings, problems.isEmpty else { throw fault(problems) }
        return SyslogSink(name: name, settings: settings)
    }

    private func fault(_ problems: ConfigurationProblems) -> Fault {
        let all = problems.list.map(\.message).joined(separator: "; ")
        return Fault(description: "the destination \(transport)://\(address): \(all)")
    }

    /// The destination as a sink's entry in the configuration.
    private var node: ConfigurationNode {
        var entries = [entry("address", .scalar(address)), entry("transport", .scalar(transport))]
        var groups: [String: [ConfigurationNode.Entry]] = [:]
        var order: [String] = []
        for (key, value) in items {
            let path = key.split(separator: ".", maxSplits: 1).map(String.init)
            guard path.count == 2 else {
                entries.append(entry(key, .scalar(value)))
                continue
            }
            if groups[path[0]] == nil { order.append(path[0]) }
            groups[path[0], default: []].append(entry(path[1], .scalar(value)))
        }
        entries += order.map { entry($0, .mapping(groups[$0] ?? [])) }
        return Self.node(.mapping(entries))
    }

    private func entry(_ key: String, _ value: ConfigurationNode.Value) -> ConfigurationNode.Entry {
        ConfigurationNode.Entry(key: key, line: 1, column: 1, value: Self.node(value))
    }

    private static func node(_ value: ConfigurationNode.Value) -> ConfigurationNode {
        ConfigurationNode(value: value, line: 1, column: 1, secrets: NoSecrets())
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.text(relativeTo: "/") == right.text(relativeTo: "/")
    }
}

/// Rejects secrets: a destination is stored in the spool and shown.
private struct NoSecrets: SecretLookup {
    func resolve(_ reference: String) throws(SecretFault) -> Secret {
        throw SecretFault("a destination must not contain secrets")
    }
}
