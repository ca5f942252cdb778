package import SpoolConfig
package import SpoolCore
package import SpoolSinks
import SpoolSources
import Synchronization

/// A complete configuration with every source and sink created, and the streams of each sink resolved.
package struct Composition: Sendable {
    /// A source or sink with a fingerprint that shows whether its settings have changed.
    package struct Part<Content: Sendable>: Sendable {
        package let content: Content
        package let fingerprint: String
        /// Identifies its settings across processes (`SettingsDigest`).
        package let settings: String
    }

    package let path: String
    package let spool: SpoolSettings
    package let status: StatusSettings
    package let audit: AuditSettings
    package let notifications: NotificationSettings
    package let sources: [Part<any Source>]
    package let sinks: [Part<ConfiguredSink>]
    /// Warnings about settings that work but are not recommended.
    package let warnings: [String]
    /// References to secrets that this process cannot read and does not need, without duplicates.
    package let spared: [String]
    private let need: LenientSecrets.Need
    private let environment: [String: String]
    private let hostName: String

    /// Reads and composes a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - environment: used for `${NAME}`, systemd credentials and the proxy variables.
    ///   - hostName: the host name in syslog lines.
    ///   - need: which secrets must be readable; a composition without all of them is sufficient for reading
    ///     the spool and for requests to the daemon.
    /// - Returns: the composition; `spared` lists the unresolved references.
    /// - Throws: all problems of the file together, or the reason why it cannot be read.
    package static func read(
        path: String,
        environment: [String: String],
        hostName: String,
        need: LenientSecrets.Need = .all
    ) throws(ConfigurationFault) -> Composition {
        let system = SystemSecrets(environment: environment)
        let secrets = LenientSecrets(system, need: need)
        let file = try ConfigurationFile.read(path: path, secrets: secrets)
        let composed = try file.settings { root, problems -> Composition? in
            guard let settings = DaemonSettings(root, problems) else { return nil }
            return Composition(
                settings,
                path: path,
                environment: environment,
                hostName: hostName,
                need: need,
                problems: problems
            )
        }
        return composed.adding(warnings: system.warnings, spared: secrets.spared)
    }

    /// The same composition with every secret, for a process that queries sources or sends events itself.
    ///
    /// - Throws: the problems of the file and the secrets that cannot be read.
    package func withSecrets() throws(ConfigurationFault) -> Composition {
        guard need != .all else { return self }
        return try Self.read(path: path, environment: environment, hostName: hostName)
    }

    /// The streams, sinks and subscriptions to register in the spool.
    package var topology: Topology {
        let streams = sources.map(\.content).flatMap { source in
            source.streams.map {
                Topology.Stream(
                    name: $0.name,
                    kind: $0.kind,
                    renamedFrom: $0.renamedFrom,
                    filterHash: $0.filterHash,
                    gapAfter: max(notifications.gapAfter, source.pollInterval * 4)
                )
            }
        }
        let isNotifying = sinks.contains { $0.content.streams.contains(.notifications) }
        let own = isNotifying ? [Topology.Stream(name: .notifications, kind: .alert)] : []
        return Topology(
            streams: streams + own,
            sinks: sinks.map(\.content.topology),
            connectionErrorAfter: notifications.connectionErrorAfter,
            disconnectedAfter: notifications.disconnectedAfter
        )
    }

    /// The address of each sink, for `status`.
    package var addresses: [SinkName: String] {
        Dictionary(sinks.map { ($0.content.sink.name, $0.content.sink.address) }) { first, _ in first }
    }

    /// The digest of each sink's settings (`SettingsDigest`).
    package var sinkSettings: [SinkName: String] {
        Dictionary(sinks.map { ($0.content.sink.name, $0.settings) }) { first, _ in first }
    }

    /// The sinks in the order of the file.
    package var sinkNames: [SinkName] { sinks.map(\.content.sink.name) }

    /// The streams that each sink receives, in the order of the file.
    package var taken: [(sink: SinkName, streams: [StreamName])] {
        sinks.map { ($0.content.sink.name, $0.content.streams) }
    }

    /// Every stream, in the order of the file.
    package var streams: [SourceStream] { sources.flatMap(\.content.streams) }

    /// "1 source, 2 streams, 1 sink".
    package var summary: String {
        let streams = sources.reduce(0) { $0 + $1.content.streams.count }
        return [(sources.count, "source"), (streams, "stream"), (sinks.count, "sink")]
            .map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
            .joined(separator: ", ")
    }

    /// The sources, in the order of the file.
    package var allSources: [any Source] { sources.map(\.content) }

    /// The sinks, in the order of the file.
    package var allSinks: [any Sink] { sinks.map(\.content.sink) }

    private init(
        _ settings: DaemonSettings,
        path: String,
        environment: [String: String],
        hostName: String,
        need: LenientSecrets.Need,
        problems: ConfigurationProblems
    ) {
        self.path = path
        self.environment = environment
        self.hostName = hostName
        self.need = need
        spared = []
        spool = settings.spool
        status = settings.status
        audit = settings.audit
        notifications = settings.notifications
        let roots = Fingerprint.systemRoots()
        sources = settings.sources.compactMap { part in
            Sources.make(from: part.node, problems: problems, environment: environment)
                .map { Part(content: $0, part.node, roots: roots) }
        }
        sinks = settings.sinks.compactMap { part in
            Sinks.make(from: part.node, problems: problems, hostName: hostName)
                .map { made in
                    let address = made.sink.address
                    let isEncrypted = address.hasPrefix("tls:") || address.hasPrefix("https:")
                    return Part(content: made, part.node, roots: isEncrypted ? roots : nil)
                }
        }
        let made = sources.map(\.content)
        let shared = settings.sources.compactMap { part in
            made.first { $0.name == part.name }.flatMap { SharedBudget.warning($0, among: made) }
                .map { "\(path):\(part.node.line):\(part.node.column): \($0)" }
        }
        warnings =
            settings.placeholders.map { "\(path):\($0)" }
            + sinks.map(\.content).flatMap { sink in
                sink.warnings.map { "\(path):\($0.line):\($0.column): sink \(sink.sink.name): \($0.message)" }
            } + shared
        // If a source is invalid, its streams are missing here and would be reported as unknown.
        if sources.count == settings.sources.count { checkStreams(problems) }
    }

    private init(_ other: Composition, warnings: [String], spared: [String]) {
        path = other.path
        environment = other.environment
        hostName = other.hostName
        need = other.need
        self.spared = spared
        spool = other.spool
        status = other.status
        audit = other.audit
        notifications = other.notifications
        sources = other.sources
        sinks = other.sinks
        self.warnings = warnings
    }

    private func adding(warnings more: [String], spared: [String]) -> Composition {
        Composition(self, warnings: warnings + more, spared: spared)
    }

    private func checkStreams(_ problems: ConfigurationProblems) {
        let known = sources.flatMap { $0.content.streams.map(\.name.description) }
        for part in sinks.map(\.content) {
            for (stream, node) in zip(part.streams, part.streamNodes)
            where !known.contains(stream.description) && stream != .notifications {
                let hint = Spelling.nearest(to: stream.description, among: known).map {
                    "did you mean `\($0)`?"
                }
                problems.add(
                    "no source has a stream `\(stream)`; "
                        + (hint ?? Listing.thereAre(known)),
                    at: node
                )
            }
        }
    }
}

extension Composition.Part {
    fileprivate init(content: Content, _ node: ConfigurationNode, roots: Int?) {
        self.init(
            content: content,
            fingerprint: Fingerprint.of(node, roots: roots),
            settings: SettingsDigest.of(node)
        )
    }
}

/// The configuration in effect; a reload replaces it.
package final class CurrentComposition: Sendable {
    private let state: Mutex<Composition>

    package init(_ composition: Composition) { state = Mutex(composition) }

    package var value: Composition { state.withLock { $0 } }

    package func replace(by composition: Composition) { state.withLock { $0 = composition } }
}

/// The requests per minute that sources on one tenant share: the smallest of their configured values.
enum SharedBudget {
    /// The requests per minute of every tenant, by `Source.budgetKey`.
    static func figures(of sources: [any Source]) -> [String: Int] {
        Dictionary(sources.map { ($0.budgetKey, $0.requestsPerMinute) }, uniquingKeysWith: min)
    }

    /// The warning about a source that is configured for more than its tenant's shared budget.
    static func warning(_ source: any Source, among sources: [any Source]) -> String? {
        guard let least = figures(of: sources)[source.budgetKey], least < source.requestsPerMinute else {
            return nil
        }
        let others = sources.filter { $0.budgetKey == source.budgetKey && $0.requestsPerMinute == least }
        return "source \(source.name) is configured for \(source.requestsPerMinute) requests per minute, and "
            + "\(others.map(\.name).joined(separator: ", ")) on the same tenant for \(least): "
            + "they share one budget, and the smaller value applies"
    }
}
