import Hummingbird
import SpoolControl
import SpoolCore
import SpoolPipeline
import SpoolStore

extension ControlRoutes {
    /// What an operator does by hand: dead letters.
    func addHands(to router: Router<BasicRequestContext>) {
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
    }
}
