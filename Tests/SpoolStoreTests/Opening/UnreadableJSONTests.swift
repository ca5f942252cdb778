import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// JSON columns that another build, or an edit by hand, has changed.
@Suite("JSON columns that cannot be decoded")
struct UnreadableJSONTests {
    private static let texts = ["", "{", "null", "[]", "{}", "{\"since\":\"x\"}", "17", "{\"parts\":7}"]

    private static func set(_ test: TestSpool, _ sql: String, _ text: String) async throws {
        try await test.spool.write { try $0.execute(sql: sql, arguments: [text]) }
    }

    @Test("a cursor restarts at since_ms, and pages are accepted from there", arguments: texts)
    func cursor(text: String) async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1), .at(2)])
        let since = try #require(try await test.value(Int64.self, "SELECT since_ms FROM stream"))
        try await Self.set(test, "UPDATE stream SET cursor = ?", text)

        let progress = try await test.spool.progress(of: stream)
        try await test.append(stream, [.at(3)])

        #expect(progress.cursor == Cursor(since: Timestamp(milliseconds: since)))
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 3)
    }

    @Test("a cursor without since_ms begins at the stream's start")
    func cursorWithoutSince() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1)])
        try await Self.set(test, "UPDATE stream SET cursor = ?, since_ms = NULL", "{}")

        #expect(try await test.spool.progress(of: stream).cursor == nil)
    }

    @Test("a sweep is ignored", arguments: texts)
    func sweep(text: String) async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await Self.set(test, "UPDATE stream SET sweep = ?", text)

        #expect(try await test.spool.progress(of: stream).sweep == nil)
    }

    @Test("a replay keeps the streams it was planned with instead of including all", arguments: texts)
    func replayStreams(text: String) async throws {
        let test = try TestSpool()
        let streams = ["contoso/activities", "contoso/alerts"]
        _ = try await test.register(streams: streams)
        let name = try #require(StreamName("contoso/alerts"))
        let request = ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(100), streams: [name])
        let replay = try await test.spool.create(request, at: .t(200))
        try await Self.set(test, "UPDATE replay SET streams = ?", text)

        let found = try await test.spool.replay(replay.id)

        // An empty list is valid.
        #expect(found?.request.streams == (text == "[]" ? [] : [name]))
        #expect(found?.streams.map(\.name) == [name])
    }

    @Test("a replay's refetch starts over", arguments: texts)
    func replayScan(text: String) async throws {
        let test = try TestSpool()
        _ = try await test.register()
        let request = ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(100), refetch: true)
        let replay = try await test.spool.create(request, at: .t(200))
        try await Self.set(test, "UPDATE replay SET scan = ?", text)

        let found = try #require(try await test.spool.unfinishedReplays(of: nil).first)

        #expect(found.refetch == replay.refetch)
        #expect(found.refetch?.parts.count == 1)
        let part = try #require(found.refetch?.parts.first)
        try await test.spool.keep(nil, of: part.stream, replay.id)
        #expect(try await test.value(Int.self, "SELECT json_valid(scan) FROM replay") == 1)
    }

    @Test(
        "a proof is omitted; status, audits and the cleanup after a killed process still work",
        arguments: texts
    )
    func proof(text: String) async throws {
        let test = try TestSpool()
        let request = VerifyRequest(from: .t(0), to: .t(100))
        for state in [Proof.State.done, .running] {
            var proof = try await test.spool.beginProof(request, reason: .audit, version: "1", at: .t(200))
            proof.state = state
            try await test.spool.save(proof)
        }
        try await Self.set(test, "UPDATE proof SET result = ?", text)

        #expect(try await test.spool.lastProof() == nil)
        #expect(try await test.spool.proof(1) == nil)
        #expect(try await test.spool.stopLeftProofs(at: .t(300)) == [])
        #expect(try await test.spool.lastAuditBegan(at: .t(300)) == .t(200))
    }
}
