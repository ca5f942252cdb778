import Dispatch
import Foundation
import NIOCore
import Synchronization

/// What the receiver has seen, and the tasks that wait for more.
final class ReceiverRecord: Sendable {
    private struct State {
        var counts = ReceiverCounts()
        var ids: [String: Int] = [:]
        var messages: [ByteBuffer] = []
        var connections: [Int: ReceivedConnection] = [:]
        var lastWaiter = 0
        var waiters: [Int: Waiter] = [:]

        /// Counts an id, or a missing one.
        mutating func note(_ id: String?) {
            guard let id else {
                counts.withoutID += 1
                return
            }
            let times = ids[id, default: 0]
            ids[id] = times + 1
            if times == 0 { counts.ids += 1 } else { counts.duplicates += 1 }
        }
    }

    private struct Waiter {
        var predicate: @Sendable (ReceiverCounts) -> Bool
        var continuation: CheckedContinuation<Void, any Error>
    }

    /// Older connections beyond this number are dropped.
    private static let keptConnections = 1000

    private let configuration: ReceiverConfiguration
    private let taker: MessageTaker?
    private let state = Mutex(State())

    init(_ configuration: ReceiverConfiguration) {
        self.configuration = configuration
        taker = configuration.onMessage.map { MessageTaker($0) }
    }

    var counts: ReceiverCounts { state.withLock { $0.counts } }
    var ids: [String: Int] { state.withLock { $0.ids } }
    var messages: [ByteBuffer] { state.withLock { $0.messages } }

    var connections: [ReceivedConnection] {
        state.withLock { $0.connections.values.sorted { $0.number < $1.number } }
    }

    func opened() -> Int {
        change { state in
            state.counts.connectionsOpened += 1
            let number = state.counts.connectionsOpened
            state.connections[number] = ReceivedConnection(number: number)
            state.connections[number - Self.keptConnections] = nil
            return number
        }
    }

    func closed(_ connection: Int, _ end: ReceivedConnection.End, isUnfinished: Bool) {
        change { state in
            state.counts.connectionsClosed += 1
            if isUnfinished { state.counts.unfinished += 1 }
            state.connections[connection]?.end = end
        }
    }

    /// Passes the messages of one read to the handler, and counts the accepted ones.
    ///
    /// `done` is called on `loop` with the number of accepted messages. The result is nil if it has been
    /// called already; otherwise the future completes after the call.
    func take(
        _ batch: ReceivedBatch,
        on connection: Int,
        _ loop: any EventLoop,
        done: @escaping (Int) -> Void
    ) -> EventLoopFuture<Void>? {
        guard let taker, !batch.messages.isEmpty else {
            received(batch, on: connection)
            done(batch.messages.count)
            return nil
        }
        return taker.take(batch.messages, on: loop).assumeIsolated().map { taken in
            var counted = batch
            counted.messages = Array(batch.messages.prefix(taken))
            self.received(counted, on: connection)
            done(taken)
        }.nonisolated()
    }

    private func received(_ batch: ReceivedBatch, on connection: Int) {
        let ids = configuration.keepsIDs ? batch.messages.map { ExternalID.find(in: $0.bytes) } : []
        change { state in
            state.counts.add(batch)
            state.connections[connection]?.messages += batch.messages.count
            state.connections[connection]?.bytes += batch.bytesRead
            for id in ids { state.note(id) }
            if configuration.keepsMessages { state.messages.append(contentsOf: batch.messages.map(\.bytes)) }
        }
    }

    func forget() {
        state.withLock { state in
            state.ids = [:]
            state.messages = []
        }
    }

    func wait(_ predicate: @escaping @Sendable (ReceiverCounts) -> Bool) async throws {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Swift.Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if predicate(state.counts) { return .success(()) }
                    state.waiters[number] = Waiter(predicate: predicate, continuation: continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, content) = state.withLock { state in
            let result = body(&state)
            let content = state.waiters.filter { $0.value.predicate(state.counts) }
            for number in content.keys { state.waiters[number] = nil }
            return (result, content.values.map(\.continuation))
        }
        for continuation in content { continuation.resume() }
        return result
    }
}

/// Passes messages to the handler in order, on a separate thread.
///
/// A handler that blocks, such as a slow terminal, therefore blocks no event loop.
final class MessageTaker: Sendable {
    private let queue = DispatchQueue(label: "spool.receiver.taker")
    private let take: @Sendable (ReceivedMessage) throws -> Void

    init(_ take: @escaping @Sendable (ReceivedMessage) throws -> Void) { self.take = take }

    /// Passes messages of one connection to the handler.
    ///
    /// - Returns: The number of accepted messages: all, or those before the first one that was refused.
    func take(_ messages: [ReceivedMessage], on loop: any EventLoop) -> EventLoopFuture<Int> {
        let promise = loop.makePromise(of: Int.self)
        queue.async { [take] in
            var taken = 0
            for message in messages {
                // The handler reports why it refused the message.
                guard (try? take(message)) != nil else { break }
                taken += 1
            }
            promise.succeed(taken)
        }
        return promise.futureResult
    }
}

/// Finds the event's id in a CEF line without parsing the line.
enum ExternalID {
    private static let key = Array("externalId".utf8)

    /// The value of the first `externalId=` that begins an extension or follows a space.
    static func find(in message: ByteBuffer) -> String? {
        message.withUnsafeReadableBytes { bytes -> String? in
            guard let base = bytes.baseAddress else { return nil }
            var offset = 0
            while let hit = memchr(base + offset, Int32(UInt8(ascii: "=")), bytes.count - offset) {
                let sign = UnsafeRawPointer(hit) - base
                if isKey(bytes[..<sign]) {
                    let value = bytes[(sign + 1)...].prefix { $0 != UInt8(ascii: " ") }
                    return String(decoding: value, as: UTF8.self)
                }
                offset = sign + 1
            }
            return nil
        }
    }

    private static func isKey(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard bytes.count >= key.count, bytes.suffix(key.count).elementsEqual(key) else { return false }
        let before = bytes.dropLast(key.count).last
        return before == nil || before == UInt8(ascii: "|") || before == UInt8(ascii: " ")
    }
}
