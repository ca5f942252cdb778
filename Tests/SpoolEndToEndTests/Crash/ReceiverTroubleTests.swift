import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("a faulty receiver", .daemons)
struct ReceiverTroubleTests {
    /// What happens to the receiver in one round.
    private enum Trouble: CaseIterable {
        case restart, outage, noReading, cutsAfterMessages, resetsWhileReading
    }

    @Test(
        "whatever happens to the receiver, no event is missing, and lost ones are never reported as certain"
    )
    func anything() async throws {
        var random = SeededGenerator(seed: 11)
        try await Site.run(.busy(history: 3_000, rate: 200)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            let troubles = Trouble.allCases + Trouble.allCases.shuffled(using: &random)

            for trouble in troubles {
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...2_500, using: &random)))
                try await Self.suffer(trouble, receiver, &random)
            }

            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let certain = try await Accounts(site: site).settled(doubtful: false)
            let missing = visible.subtracting(receiver.ids.keys)
            #expect(certain.intersection(missing).isEmpty)
            // Lines that a kernel accepted but that were never read are doubtful: one command sends them
            // again.
            let again = try await site.replayMissing()
            #expect(again.code == 0, "\(again)")
            try await receiver.await(ids: visible.count)

            #expect(try await daemon.terminate() == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
            try await Accounts(site: site).check()
        }
    }

    @Test("fetching continues while the receiver is down, and everything arrives when it is back")
    func longOutage() async throws {
        try await Site.run(.busy(history: 5_000)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()

            let visible = try await site.fetchAll()
            let waiting = try await site.waiting("siem")
            let attempts = try await site.number("SELECT attempts FROM sink")
            try await receiver.listenAgain()
            try await site.drain("siem")

            #expect(waiting == visible.count)
            #expect((1...20).contains(attempts))
            #expect(try await daemon.terminate() == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
        }
    }

    private static func suffer(_ trouble: Trouble, _ receiver: Receiver, _ random: inout SeededGenerator)
        async throws
    {
        let pause = Duration.milliseconds(Int.random(in: 100...1_500, using: &random))
        switch trouble {
        case .restart:
            try await restart(receiver, after: .zero)
        case .outage:
            try await restart(receiver, after: pause)
        case .noReading:
            receiver.setReading(false)
            try await Task.sleep(for: pause * 3)
            // In half of the cases unread data is lost.
            if Bool.random(using: &random) {
                try await restart(receiver, after: .zero)
            }
            receiver.setReading(true)
        case .cutsAfterMessages:
            try await end(.close(afterMessages: Int.random(in: 1...200, using: &random)), receiver, pause)
        case .resetsWhileReading:
            try await end(.reset(afterBytes: Int.random(in: 1...100_000, using: &random)), receiver, pause)
        }
    }

    /// Connections, including open ones, end in this way for a while.
    private static func end(_ ending: ConnectionEnding, _ receiver: Receiver, _ time: Duration) async throws {
        receiver.setEnding(ending)
        try await restart(receiver, after: .zero)
        try await Task.sleep(for: time * 2)
        receiver.setEnding(.byPeer)
    }

    /// Ends all connections and listens again.
    private static func restart(_ receiver: Receiver, after pause: Duration) async throws {
        await receiver.stop()
        try await Task.sleep(for: pause)
        try await receiver.listenAgain()
    }
}
