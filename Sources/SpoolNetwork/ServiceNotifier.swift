import Foundation
import SpoolCore

/// Reports the service's state to systemd: `sd_notify(3)` over `$NOTIFY_SOCKET`, without libsystemd.
///
/// Without that variable, as in a terminal or a container, it does nothing.
package struct ServiceNotifier: Sendable {
    /// The states that can be reported.
    package enum State: Sendable, Equatable {
        /// The spool is open and the listeners are bound.
        case ready
        /// A reload has begun; `ready` reports its end.
        case reloading
        case stopping
        /// Alive; due every `watchdogInterval`.
        case watchdog
        /// One line for `systemctl status`.
        case status(String)
        /// Starting or stopping will take this much longer.
        case extendTimeout(Duration)
    }

    private let address: String?
    /// The interval for `watchdog`, half of the unit's `WatchdogSec=`; nil when there is no watchdog.
    package let watchdogInterval: Duration?
    /// How long to wait for a supervisor that does not read what it is sent.
    private let timeout: Duration

    /// - Parameters:
    ///   - environment: provides `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    ///   - processID: the id of this process; the watchdog may be intended for another.
    ///   - timeout: how long to wait for a supervisor that does not read what it is sent.
    package init(
        environment: [String: String],
        processID: Int32 = getpid(),
        timeout: Duration = .seconds(5)
    ) {
        self.timeout = timeout
        address = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == String(processID) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
        watchdogInterval = isForUs && microseconds > 0 ? .microseconds(microseconds / 2) : nil
    }

    /// True when a supervisor is present.
    package var isSupervised: Bool { address != nil }

    /// Sends states as one message; returns once the kernel has accepted it, or immediately without a
    /// supervisor.
    ///
    /// Waits for a supervisor that does not read, because it would end the service if it missed `ready`. The
    /// wait has a time limit, so that a stop is not delayed.
    ///
    /// - Throws: `ServiceNotifierFault` when the socket cannot be used; log it and continue.
    package func notify(_ states: State...) throws(ServiceNotifierFault) {
        guard let address else { return }
        let message = states.map(\.text).joined(separator: "\n")
        let descriptor = socket(AF_UNIX, Self.datagram | Self.closeOnExec, 0)
        guard descriptor >= 0 else { throw ServiceNotifierFault(address: address, errno: errno) }
        defer { close(descriptor) }
        let (seconds, attoseconds) = timeout.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: .init(attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard let target = UnixAddress(address) else {
            throw ServiceNotifierFault(address: address, errno: EINVAL)
        }
        let sent = target.withSockaddr { pointer, length in
            let bytes = Array(message.utf8)
            return sendto(descriptor, bytes, bytes.count, Self.noSignal, pointer, length)
        }
        guard sent == message.utf8.count else { throw ServiceNotifierFault(address: address, errno: errno) }
    }

    #if os(Linux)
        private static let datagram = Int32(SOCK_DGRAM.rawValue)
        private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #else
        private static let datagram = SOCK_DGRAM
        private static let closeOnExec: Int32 = 0
        private static let noSignal: Int32 = 0
    #endif
}

/// Why the supervisor could not be notified.
package struct ServiceNotifierFault: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(address: String, errno code: Int32) {
        description = "cannot notify systemd on \(address): \(String(cString: strerror(code)))"
    }
}

extension ServiceNotifier.State {
    /// The assignment as `sd_notify(3)` defines it.
    fileprivate var text: String {
        switch self {
        case .ready: "READY=1"
        // `Type=notify-reload` requires the time at which the reload began.
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .status(let text): "STATUS=" + PrintableText.escaped(text)
        case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(duration.components.seconds * 1_000_000)"
        }
    }

    private static var monotonicMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}

extension ServiceNotifier {
    /// Reports that the service is ready, or that a reload has finished.
    package func ready() { tell(.ready) }

    /// Reports that a reload has begun.
    package func reloading() { tell(.reloading) }

    /// Reports that the service is stopping.
    package func stopping() { tell(.stopping) }

    /// Notifies the watchdog in time until the task is cancelled; returns immediately when there is none.
    ///
    /// `isAlive` is called before each notification: a daemon that hangs, or returns false, is restarted by
    /// systemd.
    package func keepAlive(
        clock: some Clock<Duration> = ContinuousClock(),
        while isAlive: @Sendable () async -> Bool = { true }
    ) async {
        guard let watchdogInterval else { return }
        while await isAlive() {
            tell(.watchdog)
            do {
                try await clock.sleep(for: watchdogInterval)
            } catch {
                return
            }
        }
    }

    /// A failure is ignored: the supervisor notices missing notifications by itself.
    private func tell(_ state: State) { try? notify(state) }
}
