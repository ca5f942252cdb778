import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite("When the last daemon ran")
struct LastDaemonTests {
    private static func open(_ path: String, _ holder: String, at now: Timestamp) throws -> Spool {
        var options = SpoolOptions.small
        options.holder = holder
        return try Spool.open(path: path, options: options, at: now)
    }

    @Test("it ended when it closed the spool, regardless of later commands")
    func closed() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        let command = try Self.open(path, "spool prune", at: .t(0))
        let never = try await command.lastDaemon()
        try await command.close(at: .t(5))
        try await Self.open(path, "spool run", at: .t(10)).close(at: .t(50))
        try await Self.open(path, "spool replay", at: .t(60)).close(at: .t(70))

        let last = try await Spool.openReadOnly(path: path).lastDaemon()

        #expect(never == nil)
        #expect(last == LastDaemon(until: .t(50), endedInGoodOrder: true))
    }

    @Test("the end of a killed daemon is the last time it recorded anything")
    func killed() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        let daemon = try Self.open(path, "spool run", at: .t(10))
        let name = StreamName(source: "contoso", stream: "activities")
        let topology = Topology(streams: [.init(name: name, kind: .activity, filterHash: "f")], sinks: [])
        _ = try await daemon.register(topology, at: .t(10))
        let atFirst = try await daemon.lastDaemon()
        try await daemon.sample(at: .t(130))
        try daemon.letGo()

        let last = try await Spool.openReadOnly(path: path).lastDaemon()

        #expect(atFirst == LastDaemon(until: .t(10), endedInGoodOrder: false))
        #expect(last == LastDaemon(until: .t(130), endedInGoodOrder: false))
    }

    @Test(
        "the holder of the spool is a daemon or a command",
        arguments: [
            ("123 (spool run)", true), ("123 (spool demo)", true), ("another process", true),
            ("123 (spool replay)", false), ("123 (spool prune)", false),
        ]
    )
    func holders(holder: String, mayBeDaemon: Bool) { #expect(Spool.mayBeDaemon(holder) == mayBeDaemon) }
}
