/// The configuration of a test's daemon, as YAML.
struct SiteConfiguration: Sendable {
    /// A sink's keys after its name, one `key: value` per line.
    struct SinkText: Sendable {
        var name: String
        var keys: [String: String]
        /// Names of streams, `tenant/activities` and `tenant/alerts`.
        var streams = SiteConfiguration.streams

        /// A syslog sink for `address`.
        init(_ name: String, _ address: String, transport: String = "tcp", _ keys: [String: String] = [:]) {
            self.name = name
            self.keys = keys.merging(["address": address, "transport": transport]) { given, _ in given }
        }

        /// A syslog sink for a port of this machine.
        init(_ name: String, port: Int, transport: String = "tcp", _ keys: [String: String] = [:]) {
            self.init(name, "127.0.0.1:\(port)", transport: transport, keys)
        }
    }

    static let source = "tenant"
    static let streams = ["\(source)/activities", "\(source)/alerts"]

    var sinks: [SinkText] = []
    /// Keys of the source, except `name`, `type`, `url`, `auth` and `streams`.
    var sourceKeys = ["poll": "200ms", "requests_per_minute": "3000"]
    var activities = "{ start: 3d, look_back: 2s, sweep: 500ms }"
    var alerts = "{ start: 3d, look_back: 48h, sweep: 500ms }"
    /// The value of `status:`.
    var status = "{ listen: none }"
    /// Keys under `spool:` besides the path.
    var spoolKeys: [String: String] = [:]
    /// Further groups of the file, `notifications: { … }`.
    var groups: [String: String] = [:]
    /// The complete text, for a test that writes all of it; `FOLDER` and `PORTAL` are filled in.
    var text: String?

    func yaml(folder: String, url: String) -> String {
        if let text {
            return text.replacing("FOLDER", with: folder).replacing("PORTAL", with: url)
        }
        var lines = ["spool:", "  path: \(folder)/spool.db"]
        lines += pairs(spoolKeys, indent: 2)
        lines += ["sources:", "  - name: \(Self.source)", "    type: defender-cloud-apps", "    url: \(url)"]
        lines += pairs(sourceKeys, indent: 4)
        lines += ["    auth: { token: file:\(folder)/token }", "    streams:"]
        lines += ["      activities: \(activities)", "      alerts: \(alerts)", "sinks:"]
        for sink in sinks {
            lines += ["  - name: \(sink.name)", "    type: syslog"]
            lines += pairs(sink.keys, indent: 4)
            lines.append("    streams: [\(sink.streams.joined(separator: ", "))]")
        }
        lines.append("status: \(status)")
        lines += pairs(groups, indent: 0)
        return lines.joined(separator: "\n") + "\n"
    }

    private func pairs(_ keys: [String: String], indent: Int) -> [String] {
        keys.sorted { $0.key < $1.key }.map {
            String(repeating: " ", count: indent) + "\($0.key): \($0.value)"
        }
    }
}
