import ArgumentParser

/// `spool replay`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends a time window again, or what a sink misses of it.",
        discussion: """
            The window goes from --from up to, but not including, --to: RFC 3339, dates (UTC), or ages such as \
            2h and 3d. All of it is sent again, unless --missing-only leaves out what the ledger shows the sink \
            to have. A replay runs beside live delivery, survives restarts, and stops by itself at its end.

            Example: spool replay --from 2026-11-20 --to 2h --sink siem --dry-run
            """,
        subcommands: [
            ReplayStart.self, ReplayList.self, ReplayShow.self, ReplayPause.self, ReplayResume.self,
            ReplayCancel.self, ReplayRemove.self,
        ],
        defaultSubcommand: ReplayStart.self
    )
}
