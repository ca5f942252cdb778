import SpoolCore

extension ControlClient {
    /// Finds the process that holds the spool; nil when the lock is free and the caller may take it.
    ///
    /// A daemon that is starting, or ending, holds the lock and does not listen; so while the lock is held this
    /// asks again for as long as `patience` lasts. There is nothing to await: a socket appears without notice. `lockHolder` tells who holds the lock (`pid 4711, spool run`); nil when it is free.
    ///
    /// - Throws: `.lockedWithoutSocket` at the end of patience, or why the socket cannot be used.
    package func find(
        patience: Duration = .seconds(10),
        clock: some Clock<Duration> = ContinuousClock(),
        lockHolder: () -> String?
    ) async throws(ControlFault) -> SpoolHolder? {
        let end = clock.now.advanced(by: patience)
        while true {
            do {
                return try await send(Identify())
            } catch .noDaemon {
                guard let holder = lockHolder() else { return nil }
                guard clock.now < end else {
                    throw .lockedWithoutSocket(
                        "the spool is locked by \(holder), which has not answered on \(socket) for "
                            + "\(Age.text(patience)); is it starting, stopping or stuck? See its log"
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
