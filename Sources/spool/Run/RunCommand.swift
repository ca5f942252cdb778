import ArgumentParser
import Foundation
import Logging
import SpoolCore
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
        ProcessTuning.limitMemory()
        let daemon = Daemon(
            configuration: try config.path(),
            environment: ConfigurationOption.environment,
            logger: log.logger
        )
        do {
            try await CommandFailure.translating { try await daemon.run() }
        } catch let failure as CommandFailure {
            // Standard error may be a pipe that is not read: writing the final error must not keep the
            // process from exiting.
            LogWriter.standardError.write(failure.description)
            LogWriter.standardError.flush(within: .seconds(2))
            Foundation.exit(failure.status.rawValue)
        }
    }
}
