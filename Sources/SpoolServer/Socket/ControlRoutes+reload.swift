import Hummingbird
import SpoolControl
import SpoolCore
import SpoolEngine

extension ControlRoutes {
    /// `spool reload`.
    func addReload(to router: Router<BasicRequestContext>) {
        on(ReloadNow.self, router) { _ in
            try requireDaemon(". A daemon reads the configuration when it starts")
            let path = reporter.current.value.path
            let outcome: Reloads.Outcome
            do {
                outcome = try await engine.reloads.outcome(of: engine.reloads.ask())
            } catch {
                throw ControlRefusal(
                    .cannotReach,
                    "The daemon (pid \(holder.pid)) is stopping and does not reload."
                )
            }
            var report = ReloadReport(configuration: path, isReloaded: outcome.refusal == nil)
            report.problems = outcome.refusal?.problems ?? []
            report.changes = outcome.changes
            report.warnings = outcome.warnings
            return report
        }
    }
}
