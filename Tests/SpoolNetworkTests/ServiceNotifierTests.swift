import Foundation
import SpoolNetwork
import SpoolTestSupport
import Synchronization
import Testing

@Suite("Notifying systemd")
struct ServiceNotifierTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func notifier(_ environment: [String: String]) -> ServiceNotifier {
        ServiceNotifier(environment: environment, processID: 42)
    }

    @Test("states reach a socket with a path in one message")
    func path() throws {
        let receiver = try DatagramReceiver(path: folder.path("notify"))

        try notifier(["NOTIFY_SOCKET": folder.path("notify")]).notify(
            .ready,
            .status("draining\nfast"),
            .watchdog
        )

        #expect(try receiver.receive() == "READY=1\nSTATUS=draining\\nfast\nWATCHDOG=1")
    }

    @Test("states reach a socket in the abstract namespace")
    func abstract() throws {
        let name = "spool-test-" + UUID().uuidString
        let receiver = try DatagramReceiver(path: "\0" + name)

        try notifier(["NOTIFY_SOCKET": "@" + name]).notify(.stopping, .extendTimeout(.seconds(30)))

        #expect(try receiver.receive() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000")
    }

    @Test("a reload reports when it began, on the monotonic clock")
    func reloading() throws {
        let receiver = try DatagramReceiver(path: folder.path("notify"))

        try notifier(["NOTIFY_SOCKET": folder.path("notify")]).notify(.reloading)

        let lines = try receiver.receive().split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        let time = try #require(lines.last?.split(separator: "=").last.flatMap { Int64($0) })
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        #expect(lines.last?.hasPrefix("MONOTONIC_USEC=") == true)
        #expect(time > 0 && time <= Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000)
    }

    @Test("one that does not read is not waited for without an end")
    func silent() throws {
        let receiver = try DatagramReceiver(path: folder.path("notify"))
        let notifier = ServiceNotifier(
            environment: ["NOTIFY_SOCKET": folder.path("notify")],
            timeout: .milliseconds(50)
        )

        // The kernel keeps as many messages as net.unix.max_dgram_qlen says.
        #expect(throws: ServiceNotifierFault.self) {
            for _ in 0..<100_000 { try notifier.notify(.watchdog) }
        }
        #expect(try receiver.receive() == "WATCHDOG=1")
    }

    @Test("without a supervisor nothing is sent and nothing fails", arguments: [[:], ["NOTIFY_SOCKET": ""]])
    func unsupervised(environment: [String: String]) throws {
        let notifier = notifier(environment)

        try notifier.notify(.ready)

        #expect(!notifier.isSupervised)
    }

    @Test(
        "a socket that cannot be used is a fault that names it",
        arguments: ["/absent/notify", "relative", "vsock:2:1", "/" + String(repeating: "x", count: 200)]
    )
    func unusable(address: String) {
        let fault = #expect(throws: ServiceNotifierFault.self) {
            try notifier(["NOTIFY_SOCKET": address]).notify(.ready)
        }

        #expect(fault?.description.contains(address) == true)
    }

    @Test("the watchdog is due twice in its interval, if it is meant for this process")
    func watchdog() {
        #expect(notifier(["WATCHDOG_USEC": "30000000"]).watchdogInterval == .seconds(15))
        #expect(
            notifier(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"]).watchdogInterval == .seconds(15)
        )
        #expect(notifier(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"]).watchdogInterval == nil)
        #expect(notifier(["WATCHDOG_USEC": "0"]).watchdogInterval == nil)
        #expect(notifier([:]).watchdogInterval == nil)
    }

    @Test("the watchdog is notified in time for as long as the daemon is alive", .timeLimit(.minutes(5)))
    func keepAlive() async throws {
        let receiver = try DatagramReceiver(path: folder.path("notify"))
        let notifier = notifier(["NOTIFY_SOCKET": folder.path("notify"), "WATCHDOG_USEC": "30000000"])
        let clock = ManualClock()
        let alive = Alive()
        let keeper = Task { await notifier.keepAlive(clock: clock) { alive.value } }

        for _ in 0..<3 {
            try await clock.waitUntilSleeping()
            #expect(clock.untilNextDeadline == .seconds(15))
            #expect(try receiver.receive() == "WATCHDOG=1")
            clock.advance(by: .seconds(15))
        }
        try await clock.waitUntilSleeping()
        #expect(try receiver.receive() == "WATCHDOG=1")
        alive.end()
        clock.advance(by: .seconds(15))

        await keeper.value
        #expect(throws: POSIXError.self) { try receiver.receive() }
    }

    @Test("watchdog notifications end with their task", .timeLimit(.minutes(5)))
    func keepAliveCancelled() async throws {
        let receiver = try DatagramReceiver(path: folder.path("notify"))
        let notifier = notifier(["NOTIFY_SOCKET": folder.path("notify"), "WATCHDOG_USEC": "30000000"])
        let clock = ManualClock()
        let keeper = Task { await notifier.keepAlive(clock: clock) }
        try await clock.waitUntilSleeping()

        keeper.cancel()

        await keeper.value
        #expect(try receiver.receive() == "WATCHDOG=1")
    }

    @Test("start, reload and stop are reported one by one; a missing supervisor is not an error")
    func lifecycle() throws {
        let receiver = try DatagramReceiver(path: folder.path("notify"))
        let notifiers = [
            notifier(["NOTIFY_SOCKET": folder.path("notify")]), notifier(["NOTIFY_SOCKET": "/absent"]),
        ]

        for notifier in notifiers {
            notifier.ready()
            notifier.reloading()
            notifier.stopping()
        }

        #expect(try receiver.receive() == "READY=1")
        #expect(try receiver.receive().hasPrefix("RELOADING=1"))
        #expect(try receiver.receive() == "STOPPING=1")
    }
}

/// Whether the daemon is alive.
private final class Alive: Sendable {
    private let state = Mutex(true)

    var value: Bool { state.withLock { $0 } }

    func end() { state.withLock { $0 = false } }
}
