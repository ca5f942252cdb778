import SpoolCore
import SpoolFormats
import SpoolNetwork
import Testing

@testable import SpoolSinks

@Suite("A receiver that closes its unused direction", .timeLimit(.minutes(5)))
struct OneWayTests {
    private let early = EarlyEnd(soon: .seconds(3_600), listening: .seconds(3_600))

    private func plan(_ peer: RawPeer) -> StreamPlan {
        StreamPlan(
            endpoint: Endpoint(host: "127.0.0.1", port: peer.port),
            isTLS: false,
            grace: .milliseconds(50),
            early: early
        )
    }

    /// A session that waits for an early end of the peer, and the peer's side of it after `body`.
    private func open(_ peer: RawPeer, after body: (RawConnection) -> Void) async throws
        -> (StreamSession, RawConnection)
    {
        early.note(true)
        async let opening = StreamConnector(plan: plan(peer)).open(LineRenderer(lineFormat))
        let connection = try await peer.accept()
        body(connection)
        return (try await opening, connection)
    }

    @Test("is sent events; they settle by the grace period, and nothing proves that they were read")
    func halfClosed() async throws {
        let peer = try RawPeer()
        let (session, connection) = try await open(peer) { $0.endOutput() }

        try await session.send(batch(1...10), number: 0)
        let read = try await connection.read(bytes(batch(1...10)).count)
        let settled = await firstSettled(1, of: session)
        await session.finish(timeout: .seconds(3_600))

        let story = await Story(of: session)
        #expect(read == bytes(batch(1...10)) && settled.map(\.batch) == [0])
        #expect(story.fault?.isUnclean == true)
        #expect(story.fault?.description.contains("closed its side") == true)
        connection.close()
    }

    @Test("and that has closed the connection answers the first lines with a reset: nothing settles")
    func closed() async throws {
        let peer = try RawPeer()
        let (session, _) = try await open(peer) { $0.close() }

        try await session.send(batch(1...1), number: 0)

        let story = await Story(of: session)
        #expect(story.numbers.isEmpty && story.fault?.isUnclean == true)
    }

    @Test("is not a present receiver while nothing is sent: the connection ends cleanly")
    func unused() async throws {
        let peer = try RawPeer()
        let early = EarlyEnd(soon: .seconds(3_600), unused: .milliseconds(20))
        let plan = StreamPlan(endpoint: plan(peer).endpoint, isTLS: false, early: early)
        let session = try await StreamConnector(plan: plan).open(LineRenderer(lineFormat))
        let connection = try await peer.accept()
        connection.endOutput()

        let story = await Story(of: session)

        #expect(story.fault?.isUnclean == false && !early.isSuspected)
        connection.close()
    }

    @Test("is expected after an end soon after lines, and no longer once a connection lasted")
    func remembered() async throws {
        let peer = try RawPeer()
        early.note(false)
        let session = try await StreamConnector(plan: plan(peer)).open(LineRenderer(lineFormat))
        let connection = try await peer.accept()
        try await session.send(batch(1...1), number: 0)
        _ = try await connection.read(bytes(batch(1...1)).count)
        connection.close()
        _ = await Story(of: session)
        let afterEnd = early.isSuspected

        early.note(false)
        let next = try await StreamConnector(plan: plan(peer)).open(LineRenderer(lineFormat))
        let other = try await peer.accept()
        try await next.send(batch(1...1), number: 0)
        _ = await firstSettled(1, of: next)
        await next.close()

        #expect(afterEnd && !early.isSuspected)
        other.close()
    }
}
