package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolConfig
import SpoolServer
import SpoolStore

extension StatusReport {
    /// Reads the status from the spool of a configuration.
    package static func read(_ composition: Composition) async throws(StoreError) -> StatusReport {
        var report = try await read(
            spool: composition.spool.path,
            addresses: composition.addresses,
            notifications: composition.notifications
        )
        report.spool.limit = composition.spool.maxSize
        return report
    }

    /// Reads the status from a spool whose configuration cannot be read: without the addresses of the sinks
    /// and the limit of the spool, and with default thresholds.
    package static func read(spool path: String) async throws(StoreError) -> StatusReport {
        try await read(spool: path, addresses: [:], notifications: NotificationSettings())
    }

    private static func read(
        spool path: String,
        addresses: [SinkName: String],
        notifications: NotificationSettings
    ) async throws(StoreError) -> StatusReport {
        let spool = try Spool.openReadOnly(path: path)
        var report = try await StatusReport(
            spool,
            addresses: addresses,
            notifications: notifications,
            at: SystemTime.now()
        )
        if !(report.holder.map(Spool.mayBeDaemon) ?? false) {
            let last = try await spool.lastDaemon()
            report.stopped = StoppedDaemon(since: last?.until, isClean: last?.endedInGoodOrder ?? true)
            // The next daemon reads the file again.
            report.reloadRefused = nil
        }
        return report
    }
}
