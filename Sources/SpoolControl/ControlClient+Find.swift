import SpoolCore

extension ControlClient {
    /// Finds the process that holds the spool; nil when the lock is free and the caller may take it.
    ///
    /// A daemon that is starting or stopping holds the lock and does not listen. While the lock is held, this
    /// therefore asks again until `timeout` has passed. It polls because nothing notifies it when a socket
    /// appears.
    ///
    /// - Parameters:
    ///   - timeout: How long to wait for an answer while the lock is held.
    ///   - clock: The clock for the waits.
    ///   - lockHolder: Returns the holder of the lock (`pid 4711, spool run`); nil when the lock is free.
    /// - Returns: The process that answers on the socket.
    /// - Throws: `.lockedWithoutSocket` when `timeout` has passed, or why the socket cannot be used.
    package func find(
        timeout: Duration = .seconds(10),
        clock: some Clock<Duration> = ContinuousClock(),
        lockHolder: () -> String?
    ) async throws(ControlFault) -> SpoolHolder? {
        let end = clock.now.advanced(by: timeout)
        while true {
            do {
                return try await send(Identify())
            } catch .noDaemon {
                guard let holder = lockHolder() else { return nil }
                guard clock.now < end else {
                    throw .lockedWithoutSocket(
                        "the spool is locked by \(holder), which has not answered on \(socket) for "
                            + "\(Age.text(timeout)); is it starting, stopping or stuck? See its log"
                    )
                }
            }
            do {
                try await clock.sleep(for: .milliseconds(250))
            } catch {
                throw .broken("the wait for \(socket) was cancelled")
            }
        }
    }
}
