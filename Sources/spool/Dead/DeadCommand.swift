import ArgumentParser

/// `spool dead`.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Dead letters: events that a receiver would not take.",
        discussion: """
            A dead letter keeps its event from retention until it is delivered or dismissed. `requeue` sends it \
            again as a replay of exactly these events, once the receiver, or the sink's settings, have been put \
            right; `dismiss` gives it up.

            Example: spool dead requeue --all --sink siem
            """,
        subcommands: [DeadList.self, DeadShow.self, DeadRequeue.self, DeadDismiss.self],
        defaultSubcommand: DeadList.self
    )
}
