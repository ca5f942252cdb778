/// What `spool init` tells at its end: what was written, and what only people can enter.
struct Notes {
    /// Something to enter, and where.
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
                "the portal's address (Settings > Cloud Apps > About), a short name"
            )
        )
    }

    mutating func lacksSink() {
        entries.append(Entry("sinks: address and transport", "where the SIEM listens; tcp, tls or udp"))
    }

    /// A token that is there already is used as it is.
    mutating func hasToken() { facts.append("\(tokenFile): there already, and left as it is") }

    mutating func lacksToken() {
        entries.append(
            Entry(
                tokenFile,
                "an API token (Settings > Cloud Apps > API tokens), which only the daemon can read"
            )
        )
    }

    /// What became of the old agent's line, and what stood in the portal's wizard.
    mutating func translated(_ agent: AgentCommandLine) {
        facts.append(
            """
            \(tokenFile): written, mode 0600; the user that runs `spool run` must own it
              It is an agent's token. The portal lists those apart from API tokens and may refuse it here
              ("Invalid token"): then make an API token and put that into the file.
            """
        )
        if let proxy = agent.proxy { facts.append("--proxy: now the source's `proxy: http://\(proxy)`") }
        if let folder = agent.logsDirectory {
            facts.append(
                "--logsDirectory \(folder): left out; logs go to standard error, and so to the journal"
            )
        }
        if let version = agent.version {
            facts.append("version \(version): now `cef: agent_version`, so that lines go on naming it")
        }
        entries += Self.wizard
    }

    /// The settings that the agent fetched from the portal, Settings > Cloud Apps > SIEM agents.
    private static let wizard = [
        Entry("sinks: header: time", "Time format: rfc5424, rfc3164-year or rfc3164"),
        Entry("sinks: header: pri", "Include PRI: true or false"),
        Entry("sinks: header: system_name", "Include system name: true or false"),
        Entry("sinks: format", "SIEM format: cef-agent, for Generic CEF as for ArcSight"),
        Entry("sinks: streams", "Data types: alerts, activities, or both"),
        Entry("sources: streams: …: filters", "the filter of each data type, in the API's words"),
    ]

    var text: String {
        let width = entries.map(\.place.count).max() ?? 0
        let rows = entries.map { entry in
            "  \(entry.place)\(String(repeating: " ", count: width - entry.place.count))  \(entry.value)"
        }
        let enter = rows.isEmpty ? [] : ["", "To enter:"] + rows
        return (facts + enter + ["", "Then: spool check --connect --config \(file)"]).joined(separator: "\n")
    }
}
