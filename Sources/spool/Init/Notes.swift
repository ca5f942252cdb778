/// The closing output of `spool init`: what was written, and which settings the operator has to enter.
struct Notes {
    /// A setting to enter, and its place.
    private struct Entry {
        let place: String
        let value: String

        init(_ place: String, _ value: String) {
            self.place = place
            self.value = value
        }
    }

    private let file: String
    private let tokenFile: String
    private var facts: [String]
    private var entries: [Entry] = []

    init(file: String, tokenFile: String) {
        self.file = file
        self.tokenFile = tokenFile
        facts = ["\(file): written"]
    }

    mutating func lacksPortal() {
        entries.append(
            Entry(
                "sources: url and name",
                "the portal's address (Settings > Cloud Apps > About) and a short name"
            )
        )
    }

    mutating func lacksSink() {
        entries.append(Entry("sinks: address and transport", "where the SIEM listens, and tcp, tls or udp"))
    }

    /// An existing token is used unchanged.
    mutating func hasToken() { facts.append("\(tokenFile): exists already, left unchanged") }

    mutating func lacksToken() {
        entries.append(
            Entry(
                tokenFile,
                "an API token (Settings > Cloud Apps > API tokens), readable only by the daemon"
            )
        )
    }

    /// What each part of the old agent's command line was converted to, and the settings from the portal's
    /// wizard.
    mutating func translated(_ agent: AgentCommandLine) {
        facts.append(
            """
            \(tokenFile): written, mode 0600; the user that runs `spool run` must own it
              This is an agent's token. The portal lists these separately from API tokens and may reject it
              ("Invalid token"). In that case, create an API token and put it into the file.
            """
        )
        if let proxy = agent.proxy { facts.append("--proxy: set as the source's `proxy: http://\(proxy)`") }
        if let folder = agent.logsDirectory {
            facts.append(
                "--logsDirectory \(folder): omitted; logs go to standard error, under systemd to the journal"
            )
        }
        if let version = agent.version {
            facts.append("version \(version): set as `cef: agent_version`, so that lines still contain it")
        }
        entries += Self.wizard
    }

    /// The settings that the agent fetched from the portal, Settings > Cloud Apps > SIEM agents.
    private static let wizard = [
        Entry("sinks: header: time", "Time format: rfc5424, rfc3164-year or rfc3164"),
        Entry("sinks: header: pri", "Include PRI: true or false"),
        Entry("sinks: header: system_name", "Include system name: true or false"),
        Entry("sinks: format", "SIEM format: cef-agent, for both Generic CEF and ArcSight"),
        Entry("sinks: streams", "Data types: alerts, activities, or both"),
        Entry("sources: streams: …: filters", "the filter of each data type, in the API's syntax"),
    ]

    var text: String {
        let width = entries.map(\.place.count).max() ?? 0
        let rows = entries.map { entry in
            "  \(entry.place)\(String(repeating: " ", count: width - entry.place.count))  \(entry.value)"
        }
        let enter = rows.isEmpty ? [] : ["", "Still to enter:"] + rows
        return (facts + enter + ["", "Then: spool check --connect --config \(file)"]).joined(separator: "\n")
    }
}
