import ArgumentParser
import SpoolCore
import Foundation
import Logging
import SpoolDaemon

/// `spool demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Demonstrates in one minute, without a configuration, that a SIEM outage loses no events."
    )

    @Option(help: "Random seed; the same seed produces the same records.")
    var seed: UInt64 = 1

    @Option(help: "Activities per second, 1 to 1,000.")
    var rate = 40.0

    @Flag(help: "Keep the folder with the spool for inspection with sqlite3.")
    var keep = false

    func validate() throws { try NumberOption.check("--rate", rate, 1...1_000) }

    func run() async throws {
        var options = Demo.Options()
        let environment = ConfigurationOption.environment
        options.isTerminal = Output.isTerminal && environment["TERM"] != "dumb"
        // NO_COLOR counts if it is set and not empty (no-color.org).
        options.hasColor = (environment["NO_COLOR"] ?? "").isEmpty
        options.keepsFolder = keep
        options.seed = seed
        options.rate = rate
        // The picture shows what happens, so only errors are logged.
        let logger = Logger.spool(.error)
        let demo = Demo(options, logger: logger) { Output.screen($0) }
        let account = try await CommandFailure.translating { try await demo.run() }
        guard account.faults.isEmpty else {
            throw CommandFailure(.undelivered, "the demo's event counts do not match")
        }
    }
}
