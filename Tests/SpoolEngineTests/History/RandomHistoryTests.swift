import Foundation
import SpoolCore
import Testing

/// Thousands of random histories: fetching, delivery, receivers that hang and are killed, retention, replays,
/// renames, restarts, crashes, wrong clocks, proofs and repairs, in any order.
///
/// `SPOOL_HISTORIES=5000` runs that many; `SPOOL_HISTORY=1234` runs the one with this seed and prints its
/// steps.
@Suite("Random histories", .timeLimit(.minutes(30)))
struct RandomHistoryTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let single = environment["SPOOL_HISTORY"].flatMap { UInt64($0) }
    private static let count = environment["SPOOL_HISTORIES"].flatMap { Int($0) } ?? 80
    /// Each test runs one part of the seeds, so that the parts run in parallel.
    private static let parts = 4

    @Test(
        "events called delivered or complete were read; after repair and a clean close everything arrives",
        arguments: 0..<parts
    )
    func histories(part: Int) async throws {
        if let single = Self.single {
            if part == 0 { try await Self.run(single, isTold: true) }
            return
        }
        for seed in stride(from: part, to: Self.count, by: Self.parts) {
            try await Self.run(UInt64(seed) + 1)
        }
    }

    private static func run(_ seed: UInt64, isTold: Bool = false) async throws {
        let history = try History(seed: seed)
        do {
            try await history.start()
            for _ in 0..<(10 + history.draw(25)) { try await step(history) }
            try await finish(history)
            try await history.end()
        } catch {
            history.found("\(error)")
        }
        #expect(history.findings.isEmpty, "SPOOL_HISTORY=\(seed): \(history.findings)\n\(history.log)")
        if isTold { print(history.log.joined(separator: "\n")) }
    }

    private static func step(_ history: History) async throws {
        let receiver = history.receiver
        switch history.draw(21) {
        case 0...4:
            let count = 1 + history.draw(9)
            history.note("save \(count)")
            try await history.save(count, hidden: false)
        case 5:
            history.note("save hidden")
            try await history.save(1 + history.draw(3), hidden: true)
        case 6:
            history.note("hang")
            receiver.hang()
        case 7:
            history.note("resume")
            receiver.resume()
        case 8:
            history.note("kill the receiver")
            receiver.kill()
        case 9:
            history.note("the receiver closes")
            receiver.close()
        case 10:
            history.note(receiver.isAway ? "back" : "away")
            if receiver.isAway { receiver.comeBack() } else { receiver.leave() }
        case 11:
            history.pass(.minutes(history.draw(20)))
        case 12:
            history.pass(.minutes(history.draw(20)))
            try await history.prune()
        case 13: try await history.replay()
        case 14: try await history.removeReplay()
        case 15:
            history.note("restart")
            try await history.restart(renamed: history.draw(3) == 0)
        case 16:
            history.note("crash")
            try await history.crash()
        case 17: try await history.stepClock()
        case 20: try await history.pauseReplay()
        case 18:
            history.note("verify")
            _ = try await history.prove()
        default:
            history.note("repair")
            try await history.repair()
        }
        try await history.settleDown()
    }

    /// With a working receiver, repairs until a proof has nothing left to repair.
    private static func finish(_ history: History) async throws {
        history.note("end")
        history.receiver.resume()
        history.receiver.comeBack()
        try await history.resumeReplays()
        for _ in 0..<3 {
            try await history.settleDown()
            // A clean close proves everything sent over the connection.
            try await history.restart()
            try await history.repair()
        }
        try await history.settleDown()
        try await history.restart()
        try await history.settleDown()
        let last = try await history.prove()
        let lacking = Set(history.source.map(\.id)).subtracting(history.receiver.read)
        let lost = lacking.subtracting(history.deletedUnread)
        if !lost.isEmpty { history.found("never read after the repair: \(lost.sorted())") }
        let isWhole =
            lacking.isEmpty && last.proof.streams.allSatisfy { $0.pruned + $0.noLongerProvable == 0 }
        if isWhole, !history.source.isEmpty, !last.proof.isComplete {
            history.found(
                "everything was read, and it is not complete: \(last.proof.shortfalls) \(last.proof.streams)"
            )
        }
    }
}
