import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore

/// Writes the copy of the spool's state, and notices when the spool's file is moved, deleted or replaced.
struct StateLoop: Sendable {
    /// The copy is at most this old; a spool that is lost is read again from there.
    static let interval = Duration.seconds(15)

    let spool: Spool
    let time: Clocks
    let logger: Logger

    /// Runs until `stop` is requested.
    ///
    /// - Throws: `.replaced`, or an error that makes the spool unusable. A copy that cannot be written is logged.
    func run(stop: ShutdownRequest) async throws(StoreError) {
        var hasFailed = false
        while !stop.isAsked {
            try spool.checkFiles()
            do throws(StoreError) {
                try await spool.saveState(at: time.wall())
                hasFailed = false
            } catch {
                guard error.kind != .damaged else { throw error }
                if !hasFailed {
                    logger.error(
                        "the copy of the spool's state was not written",
                        metadata: ["cause": "\(error)"]
                    )
                }
                hasFailed = true
            }
            await time.wait(Self.interval, or: SeenVersion(stop))
        }
    }
}
