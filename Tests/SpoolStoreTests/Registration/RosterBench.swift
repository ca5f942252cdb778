import SpoolCore
import Testing

@testable import SpoolStore

/// A spool whose configuration is changed step by step, and receivers that record what reaches them.
final class RosterBench {
    /// A sink of the configuration and its receiver: a rename changes only the former.
    struct Sink {
        let name: String
        let receiver: String
        var from: String?
        var start: SubscriptionStart?
        var takes: [String]?

        init(
            _ name: String,
            at receiver: String,
            from: String? = nil,
            start: SubscriptionStart? = nil,
            takes: [String]? = nil
        ) {
            self.name = name
            self.receiver = receiver
            self.from = from
            self.start = start
            self.takes = takes
        }
    }

    let test: TestSpool
    /// The ids that reached each receiver, in order.
    private(set) var received: [String: [String]] = [:]
    /// Messages of the last registration: why sinks are held, and settings without effect.
    private(set) var said: [String] = []
    /// The warnings of `spool check` before the last registration.
    private(set) var warned: [String] = []
    private var sinks: [(Sink, SinkID)] = []
    private var streams: [StreamName: StreamID] = [:]
    private var next = 1

    init() throws { test = try TestSpool() }

    /// Registers a configuration twice, as a reload and a restart do; previews it before and after.
    ///
    /// `streams` are names, or `new<old` for a renamed one; a sink subscribes to all of them unless it lists
    /// its own.
    func configure(_ sinks: [Sink], streams names: [String] = ["contoso/activities"]) async throws {
        let streams = names.map { text in
            let parts = text.split(separator: "<").map { StreamName(String($0))! }
            return Topology.Stream(
                name: parts[0],
                kind: .activity,
                renamedFrom: parts.count > 1 ? parts[1] : nil,
                filterHash: "f"
            )
        }
        let topology = Topology(
            streams: streams,
            sinks: sinks.map { sink in
                Topology.Sink(
                    name: SinkName(sink.name),
                    type: "syslog",
                    streams: sink.takes?.map { StreamName($0)! } ?? streams.map(\.name),
                    start: sink.start,
                    renamedFrom: sink.from.map { SinkName($0) }
                )
            }
        )
        warned = try await preview(topology).filter(\.isWarning).map { "\($0.subject) \($0.detail)" }
        let registration = try await test.spool.register(topology, at: .t0)
        let again = try await test.spool.register(topology, at: .t0)
        #expect(again.sinks == registration.sinks && again.streams == registration.streams)
        #expect(again.held == registration.held)
        // Only warnings may remain; no other change is left.
        let rest = try await preview(topology)
        #expect(rest.allSatisfy { $0.isWarning }, "\(rest)")
        #expect(rest.isEmpty == (again.held.isEmpty && again.notes.isEmpty), "\(rest)")
        said = registration.held.values.sorted() + registration.notes
        self.streams = registration.streams
        self.sinks = try sinks.map { ($0, try #require(registration.sinks[SinkName($0.name)])) }
    }

    private func preview(_ topology: Topology) async throws -> [TopologyChange] {
        try await test.spool.preview(topology, retention: .days(30))
    }

    /// Spools some events; their ids `e1`, `e2` and so on continue from call to call.
    func append(_ count: Int, to stream: String = "contoso/activities") async throws {
        let id = try #require(streams[StreamName(stream)!])
        try await test.spool.begin(id, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(id, (next..<next + count).map { .at($0) })
        next += count
    }

    /// Sends pending events to the receivers of all configured sinks.
    func drain() async throws {
        for (sink, id) in sinks {
            for subscription in try await test.spool.subscriptions(of: id) {
                let batch = try await test.spool.batch(
                    of: subscription.stream,
                    after: subscription.watermark,
                    limit: BatchLimit(events: 1_000),
                    raw: false
                )
                received[sink.receiver, default: []] += batch?.ids ?? []
            }
            try await test.spool.deliver(id)
        }
    }

    @discardableResult
    func forget(_ name: String) async throws -> ForgetReport {
        try await test.spool.forget(name, at: .t0)
    }

    /// The names of sinks and streams in `status`.
    func names() async throws -> [String] {
        let status = try await test.spool.status()
        return status.streams.map(\.name.description) + status.sinks.map(\.name.text)
    }

    /// `e1` to `eN`.
    static func ids(_ range: ClosedRange<Int>) -> [String] { range.map { "e\($0)" } }
}
