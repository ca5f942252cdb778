import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

/// Random renames, exchanges, removals, re-additions and corrected mistakes, between events that are spooled
/// and sent: every receiver gets every event once, in order.
@Suite struct RenameModelTests {
    /// A receiver and its name in the configuration.
    private struct Part {
        let receiver: String
        var name: String
        var from: String?
        var isConfigured = true

        var sink: RosterBench.Sink { RosterBench.Sink(name, at: receiver, from: from) }
    }

    @Test("in any order of name changes, every receiver gets every event once", arguments: 1...24)
    func everyOrder(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let bench = try RosterBench()
        var parts = ["A", "B", "C"].map { Part(receiver: $0, name: "sink-\($0)") }
        var (events, fresh) = (0, 0)
        var story: [String] = []
        func configure() async throws {
            story.append(
                parts.map { "\($0.name)<\($0.from ?? "-")\($0.isConfigured ? "" : " out")" }.joined(
                    separator: ", "
                )
            )
            try await bench.configure(parts.filter(\.isConfigured).map(\.sink))
        }
        func settle() async throws {
            for index in parts.indices { parts[index].from = nil }
            try await configure()
        }

        try await configure()
        for _ in 0..<20 {
            let index = Int.random(in: 0..<3, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1:
                let count = Int.random(in: 1...3, using: &random)
                try await bench.append(count)
                events += count
            case 2: try await bench.drain()
            case 3 where parts[index].isConfigured:
                fresh += 1
                (parts[index].from, parts[index].name) = (parts[index].name, "fresh-\(fresh)")
                try await configure()
            case 4:
                // `renamed_from` is omitted at first, and added before anything was sent.
                guard parts[index].isConfigured else { continue }
                fresh += 1
                let old = parts[index].name
                (parts[index].from, parts[index].name) = (nil, "fresh-\(fresh)")
                try await configure()
                parts[index].from = old
                try await configure()
            case 5:
                let other = (index + 1) % 3
                guard parts[index].isConfigured, parts[other].isConfigured else { continue }
                try await settle()
                let names = (parts[index].name, parts[other].name)
                (parts[index].name, parts[other].name) = (names.1, names.0)
                (parts[index].from, parts[other].from) = (names.0, names.1)
                try await configure()
            default:
                parts[index].isConfigured.toggle()
                try await settle()
            }
        }
        for index in parts.indices { parts[index].isConfigured = true }
        try await settle()
        try await bench.drain()

        for receiver in ["A", "B", "C"] where events > 0 {
            #expect(bench.received[receiver] == RosterBench.ids(1...events), "\(receiver): \(story)")
        }
        #expect(try await bench.names() == ["contoso/activities"] + parts.map(\.name).sorted())
    }
}
