extension ServiceNotifier {
    /// Tells that the service is ready, or that a reload has ended.
    package func ready() { tell(.ready) }

    /// Tells that a reload has begun.
    package func reloading() { tell(.reloading) }

    /// Tells that the service is ending.
    package func stopping() { tell(.stopping) }

    /// Feeds the watchdog in time until the task is cancelled; returns at once when there is none.
    ///
    /// `isAlive` is asked before each feeding: a daemon that hangs, or says no, is restarted by systemd.
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

    /// Nobody here can act on a supervisor that cannot be told; it notices the silence by itself.
    private func tell(_ state: State) { try? notify(state) }
}
