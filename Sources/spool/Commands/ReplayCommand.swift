import ArgumentParser

/// `spool replay`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends a time window again, or what a sink misses of it.",
        discussion: """
            Without a subcommand: makes a replay of [--from, --to) for one sink or for all. The whole window \
            is sent again unless --missing-only leaves out what the ledger shows the sink to have. It runs \
            beside live delivery, survives restarts, and stops by itself at the end. Times are RFC 3339, dates \
            (UTC), or ages such as 2h and 3d.
            """,
        subcommands: [ReplayStart.self, ReplayList.self, ReplayShow.self, ReplayPause.self, ReplayResume.self, ReplayCancel.self],
        defaultSubcommand: ReplayStart.self
    )
}
