import Hummingbird
import SpoolControl
import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

extension ControlRoutes {
    /// What an operator does by hand: dead letters, retention, backups.
    func addHousekeeping(to router: Router<BasicRequestContext>) {
        on(RequeueDeadLetters.self, router) { command in
            let replay = try await engine.spool.requeue(
                command.events,
                to: command.sink,
                at: engine.time.wall()
            )
            engine.lanesChanged.notify()
            return replay
        }
        on(DismissDeadLetters.self, router) { command in
            try await engine.spool.dismiss(command.events, of: command.sink, at: engine.time.wall())
        }
        on(PruneNow.self, router) { command in
            guard let rules = engine.retentionRules.withLock({ $0 }) else {
                throw ControlRefusal(.spoolUnavailable, "The process that holds the spool runs no retention.")
            }
            let work = PruneByHand(
                spool: engine.spool,
                rules: rules,
                dates: engine.sourceDates,
                wall: engine.time.wall()
            )
            let answer = try await work.run(isDryRun: command.isDryRun)
            if !command.isDryRun, answer.events > 0 { engine.lanesChanged.notify() }
            return answer
        }
        on(TraceAtSource.self, router) { await engine.trace($0.id) }
        on(Forget.self, router) { command in
            let report = try await engine.spool.forget(command.name, at: engine.time.wall())
            // A running loop still has the lane: it sends no batch more of it.
            engine.lanesChanged.notify()
            return report
        }
        on(BackUp.self, router) { try await engine.backups.run(engine.spool, to: $0.file) }
        on(ShowBackup.self, router) { _ in ShowBackup.Answer(engine.backups.now) }
    }
}
