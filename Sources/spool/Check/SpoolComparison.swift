import Foundation
import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolStore

/// What a start or reload with a configuration would change in the spool; neither daemon nor lock is needed.
struct SpoolComparison {
    /// Nil if nothing was compared: there is no spool, or it cannot be read.
    let changes: [TopologyChange]?
    /// Why the spool could not be read; nil if it could, or if there is none.
    let failure: String?

    static func make(_ composition: Composition) async -> SpoolComparison {
        let path = composition.spool.path
        if access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
            return SpoolComparison(changes: nil, failure: nil)
        }
        do throws(StoreError) {
            let spool = try Spool.openReadOnly(path: path)
            let changes = try await spool.preview(
                composition.topology,
                retention: composition.spool.retentionAge
            )
            // The spool was only read: a failure to close it does not invalidate the result.
            try? await spool.close(at: SystemTime.now())
            return SpoolComparison(changes: changes, failure: nil)
        } catch {
            return SpoolComparison(changes: nil, failure: error.description)
        }
    }

    /// The changes as text; empty if a reload changes nothing.
    var lines: [String] {
        if let failure { return ["not compared with the spool: \(failure)"] }
        guard let changes, !changes.isEmpty else { return [] }
        return ["at the next start or reload:"]
            + changes.map { "  \($0.isWarning ? "warning: " : "")\($0.subject) \($0.detail)" }
    }
}
