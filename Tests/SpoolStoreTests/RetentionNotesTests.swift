import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// When the spool raises and clears its own notifications.
@Suite struct RetentionNotesTests {
    private let day = 86_400

    @Test("a replay paused too long is reported until it is resumed, cancelled or removed")
    func pausedReplay() async throws {
        let (test, stream, sink) = try await Self.make()
        try await test.append(stream, (1...6).map { .at($0) })
        try await test.spool.deliver(sink)
        let ids = try await [1, 2, 3].asyncMap { to in
            try await test.spool.create(
                ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(to)),
                at: .t(10)
            ).id
        }
        for id in ids { try await test.spool.move(id, to: .paused, at: .t(10)) }

        try await prune(test, stream, at: 8 * day)
        let all = try await standing(test)
        try await prune(test, stream, at: 8 * day + 60)
        let again = try await test.spool.notifications(all: true).count
        try await test.spool.move(ids[0], to: .running, at: .t(8 * day + 61))
        try await test.spool.move(ids[1], to: .cancelled, at: .t(8 * day + 61))
        let two = try await standing(test)
        try await test.spool.write { try $0.execute(sql: "DELETE FROM replay WHERE state = 'paused'") }
        try await prune(test, stream, at: 8 * day + 120)

        #expect(all == ["1", "2", "3"])
        #expect(again == 3)
        #expect(two == ["3"])
        #expect(try await standing(test).isEmpty)
    }

    @Test(
        "a loss is reported while its sink is not configured, and for 7 days after it was raised"
    )
    func lossOfReturned() async throws {
        let (test, stream, _) = try await Self.make()
        try await lose(test, stream)
        let raised = try await test.spool.notifications().first?.at

        try await prune(test, stream, at: 30 * day)
        let away = try await standing(test)
        _ = try await test.register()
        try await prune(test, stream, at: 30 * day + 60)

        #expect(raised == .t(2 * day))
        #expect(away == ["siem"])
        #expect(try await standing(test).isEmpty)
        #expect(try await test.value(Int.self, "SELECT events FROM gaps WHERE kind = 'delivery'") == 3)
    }

    @Test("a loss is reported for 7 days even if its sink is immediately configured again")
    func lossIsShown() async throws {
        let (test, stream, _) = try await Self.make()
        try await lose(test, stream)
        _ = try await test.register()

        try await prune(test, stream, at: 9 * day)
        let seventh = try await standing(test)
        try await prune(test, stream, at: 9 * day + 1)

        #expect(seventh == ["siem"])
        #expect(try await standing(test).isEmpty)
    }

    @Test("a loss is no longer reported once its sink is forgotten")
    func lossOfForgotten() async throws {
        let (test, stream, _) = try await Self.make()
        try await lose(test, stream)

        try await test.spool.forget("siem", at: .t(1_000))

        #expect(try await standing(test).isEmpty)
        #expect(try await test.spool.notifications(all: true).count == 1)
    }

    /// A sink is removed with 3 events unsent, which retention deletes one day later.
    private func lose(_ test: TestSpool, _ stream: StreamID) async throws {
        try await test.append(stream, (1...3).map { .at($0) })
        _ = try await test.register(sinks: [])
        try await prune(test, stream, at: 1, age: day)
        try await prune(test, stream, at: 2 * day, age: day)
    }

    private func prune(_ test: TestSpool, _ stream: StreamID, at seconds: Int, age: Int = 0) async throws {
        let time = SourceTime(date: .t(seconds), sweepsBack: .zero)
        _ = try await test.spool.prune(now: [stream: time], age: .seconds(age))
    }

    private func standing(_ test: TestSpool) async throws -> [String] {
        try await test.spool.status().notifications.map(\.subject).sorted()
    }

    private static func make() async throws -> (test: TestSpool, stream: StreamID, sink: SinkID) {
        let test = try TestSpool()
        let registration = try await test.register()
        let stream = try #require(registration.streams.values.first)
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        return (test, stream, try #require(registration.sinks.values.first))
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
