import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("memory", .daemons)
struct MemoryTests {
    #if os(Linux)
        @Test("a backlog of 20,000 events needs no more memory than one of 5,000, growing or draining")
        func flat() async throws {
            try await Site.run(.busy(history: 5_000)) { site in
                let receiver = try await site.receiver()
                await receiver.stop()
                try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
                let daemon = try await site.daemon()
                try await site.fetchAll()
                let pid = try #require(daemon.processID)
                let small = try Self.resident(pid)

                site.simulator.setRate(activitiesPerSecond: 1_500)
                try await eventually("15,000 more are in the spool") {
                    try await site.number("SELECT count(*) FROM event") >= 20_000
                }
                let visible = try await site.fetchAll()
                let large = try Self.resident(pid)
                try await receiver.listenAgain()
                try await site.drain("siem")
                let drained = try Self.resident(pid)

                // 15,000 events are about 50 MiB, columns and raw records; the limits leave room for the
                // allocator.
                #expect(large < small + (64 << 20), "\(small) -> \(large)")
                #expect(drained < small + (96 << 20), "\(small) -> \(drained)")
                #expect(receiver.ids.count == visible.count)
                #expect(try await daemon.terminate() == .exited(0))
            }
        }

        private static func resident(_ pid: Int32) throws -> Int {
            let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
            return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) << 10
        }
    #endif
}
