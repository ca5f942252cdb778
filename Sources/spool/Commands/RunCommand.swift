import ArgumentParser
import Logging
import SpoolDaemon

/// `spool run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the daemon: fetches, spools and forwards until SIGTERM."
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var log: LogOption

    func run() async throws {
        Allocator.favourSmallProcess()
        let daemon = Daemon(
            configuration: try config.path(),
            environment: ConfigurationOption.environment,
            logger: log.logger
        )
        try await CommandFailure.translating { try await daemon.run() }
    }
}
