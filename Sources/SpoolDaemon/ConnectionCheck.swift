import SpoolConfig
import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline

/// Fetches one page of each stream from its source, and connects to each sink, with the code that the daemon
/// uses.
///
/// For sinks that a running daemon is connected to, it uses the daemon's answer instead.
package struct ConnectionCheck: Sendable {
    /// The result of one check.
    package struct Finding: Sendable, CustomStringConvertible {
        /// `source contoso/activities`, `sink siem`.
        package let subject: String
        package let isReachable: Bool
        package let detail: String

        package var description: String { "\(isReachable ? "ok" : "FAILED")  \(subject): \(detail)" }
    }

    private let composition: Composition
    private let served: [SinkName: String]

    /// `served` are the sinks that the daemon is connected to, with its answers: no connection is made to
    /// them.
    package init(_ composition: Composition, served: [SinkName: String] = [:]) {
        self.composition = composition
        self.served = served
    }

    /// All findings, sources first, each in the order of the configuration.
    package func run() async -> [Finding] {
        var findings: [Finding] = []
        for source in composition.allSources {
            for stream in source.streams { findings.append(await check(stream, of: source)) }
            await source.shutDown()
        }
        for sink in composition.allSinks { findings.append(await check(sink)) }
        return findings
    }

    private func check(_ stream: SourceStream, of source: any Source) async -> Finding {
        let subject = "source \(stream.name)"
        do throws(SourceFault) {
            let date = try await source.date(for: stream)
            let scan = Scan(
                reason: .poll,
                from: date - .hours(1),
                to: date,
                filterHash: stream.filterHash
            )
            let page = try await source.page(of: stream, scan: scan, limit: 1)
            let skew = SystemTime.now().since(date)
            return Finding(
                subject: subject,
                isReachable: true,
                detail:
                    "answers (\(Count.text(page.records.count, "record")) on the first page of the last "
                    + "hour, its clock differs by \(Age.text(skew)))"
            )
        } catch {
            let word = StreamHealth.word(error.kind)
            let said = error.description
            // The message may already begin with the retired agent's words.
            let detail = said.lowercased().hasPrefix(word) ? said : "\(word): \(said)"
            return Finding(subject: subject, isReachable: false, detail: detail)
        }
    }

    private func check(_ sink: any Sink) async -> Finding {
        if let words = served[sink.name] {
            return Finding(subject: "sink \(sink.name)", isReachable: true, detail: words)
        }
        do throws(SinkFault) {
            let session = try await sink.open()
            // Cleanly, with TLS's close_notify: a receiver logs anything else as an error.
            await session.finish(timeout: .seconds(2))
            return Finding(
                subject: "sink \(sink.name)",
                isReachable: true,
                detail: "connects to \(sink.address)"
            )
        } catch {
            return Finding(subject: "sink \(sink.name)", isReachable: false, detail: error.description)
        }
    }
}

/// The sinks that a running daemon is connected to with the settings of this configuration.
package enum ServedSinks {
    /// Asks the daemon that holds the spool of a configuration.
    ///
    /// - Returns: the daemon's answer for each such sink, a sentence without a full stop; empty if no daemon
    ///   answers within a few seconds.
    package static func ask(_ composition: Composition) async -> [SinkName: String] {
        let client = ControlClient(ControlSocket(spool: composition.spool.path), timeout: .seconds(5))
        // If the daemon fails to answer, the sinks are checked without it.
        guard let connected = try? await client.send(ShowConnections()) else { return [:] }
        let now = SystemTime.now()
        let settings = composition.sinkSettings
        return Dictionary(
            connected.filter { settings[$0.sink] == $0.settings }.map { ($0.sink, words($0, at: now)) }
        ) { first, _ in first }
    }

    private static func words(_ sink: ConnectedSink, at now: Timestamp) -> String {
        let settled =
            sink.lastSettled.map { "last settled \(Age.text(max(.zero, now.since($0)))) ago" }
            ?? "nothing has been sent yet"
        return "the daemon is connected to \(sink.address), \(settled)"
    }
}
