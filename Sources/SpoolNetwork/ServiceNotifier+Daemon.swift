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
