import Foundation
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// Which sinks a replay goes to, and which of their streams it sends.
struct ReplayTargets {
    struct Target {
        let sink: SinkName
        var destination: String?
        /// Nil for all streams.
        let streams: [StreamName]?
    }

    private let composition: Composition
    /// The values of `--stream`.
    private let wanted: [String]

    init(_ composition: Composition, streams wanted: [String]) {
        self.composition = composition
        self.wanted = wanted
    }

    /// The sink with this name, or every sink that receives one of the streams.
    func sinks(named name: String?) throws -> [Target] {
        let all = composition.taken
        if let name {
            guard let found = all.first(where: { $0.sink.text == name }) else {
                throw unknown(name, all.map(\.sink))
            }
            return [Target(sink: found.sink, streams: try streams(of: found.sink.text, among: found.streams))]
        }
        if wanted.isEmpty {
            // A sink that receives only notifications gets them only if `--stream` names them.
            let takers = all.filter { $0.streams.contains { $0 != .notifications } }
            return (takers.isEmpty ? all : takers).map { Target(sink: $0.sink, streams: nil) }
        }
        let takers = all.filter { sink in
            wanted.contains { text in sink.streams.contains { Self.isNamed($0, text) } }
        }
        // If no sink receives it, the error of the first sink lists the streams there are.
        return try (takers.isEmpty ? all : takers).map {
            Target(
                sink: $0.sink,
                streams: try streams(of: $0.sink.text, among: $0.streams, mayLack: takers.count > 1)
            )
        }
    }

    /// True if a replay excludes the spool's own notifications because `--stream` does not name them.
    func leavesOutNotifications(_ request: ReplayRequest) -> Bool {
        guard request.streams == nil else { return false }
        return composition.taken.contains {
            $0.streams.contains(.notifications) && (request.destination != nil || $0.sink == request.sink)
        }
    }

    /// A destination with the streams it receives.
    func destination(_ text: String) throws -> Target {
        do {
            let destination = try DestinationText.absolute(text)
            let own = composition.taken.contains { $0.streams.contains(.notifications) }
            let known = composition.streams.map(\.name) + (own ? [.notifications] : [])
            let streams = try streams(of: nil, among: known)
            return Target(sink: SinkName(destination), destination: destination, streams: streams)
        } catch let fault as DestinationText.Fault {
            throw CommandFailure(.wrongUse, "--destination: \(fault)")
        }
    }

    private func streams(of sink: String?, among known: [StreamName], mayLack: Bool = false) throws
        -> [StreamName]?
    {
        if wanted.isEmpty { return nil }
        var found: [StreamName] = []
        for text in wanted {
            let named = known.filter { Self.isNamed($0, text) }
            // Only the spool knows a stream that is no longer configured.
            if named.isEmpty, let name = StreamName(text), !mayLack {
                found.append(name)
            } else if named.isEmpty, !mayLack {
                let names = known.map(\.description)
                throw CommandFailure(
                    .wrongUse,
                    "--stream \(text): expected source/stream, or activities or alerts for all sources; "
                        + (sink.map { "sink \($0) receives \(Listing.text(names))" }
                            ?? Listing.thereAre(names))
                )
            }
            found += named.filter { !found.contains($0) }
        }
        return found
    }

    /// True if `--stream` selects this stream: by `source/stream`, or by the stream's name in any source.
    static func isNamed(_ stream: StreamName, _ text: String) -> Bool {
        stream.description == text || stream.stream == text
    }

    private func unknown(_ name: String, _ known: [SinkName]) -> CommandFailure {
        let hint = Spelling.nearest(to: name, among: known.map(\.text)).map { "; did you mean \($0)?" }
        let all = "; \(Listing.thereAre(known.map(\.text)))"
        return CommandFailure(.wrongUse, "there is no sink \(name)" + (hint ?? all))
    }
}
