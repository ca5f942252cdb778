import Hummingbird
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore

extension ControlRoutes {
    /// Manual operations: dead letters, retention, backups.
    func addHousekeeping(to router: Router<BasicRequestContext>) {
        on(RequeueDeadLetters.self, router) { try await engine.requeue($0.events, to: $0.sink) }
        on(DismissDeadLetters.self, router) { command in
            try await engine.spool.dismiss(command.events, of: command.sink, at: engine.time.wall())
        }
        on(PruneNow.self, router) { try await engine.prune(isDryRun: $0.isDryRun) }
        on(TraceAtSource.self, router) { await engine.trace($0.id) }
        on(Forget.self, router) { try await engine.forget($0.name) }
        on(BackUp.self, router) { try await engine.backUp(to: $0.file) }
        on(ShowBackup.self, router) { _ in ShowBackup.Answer(engine.backups.now) }
    }

    /// `spool retry`.
    func addRetry(to router: Router<BasicRequestContext>) {
        on(RetryNow.self, router) { command in
            try requireDaemon(", and retries on its own")
            return try engine.retry(command.sink)
        }
    }

    /// Checks that a daemon holds the spool.
    ///
    /// - Parameter instead: what a command that holds it does, as the end of the sentence.
    /// - Throws: a refusal if a command holds it.
    func requireDaemon(_ instead: String) throws(ControlRefusal) {
        guard holder.role == .daemon else {
            throw ControlRefusal(
                .cannotReach,
                "No daemon is running on this spool: the command `\(holder.command)` (pid \(holder.pid)) "
                    + "holds it\(instead)."
            )
        }
    }
}
