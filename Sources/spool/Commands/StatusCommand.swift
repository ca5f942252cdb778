import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon

/// `spool status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what needs somebody, then streams, sinks, backlog and replays."
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "As JSON; keys stay compatible.") var json = false
    @Flag(help: "Show it again every two seconds until interrupted.") var watch = false

    func run() async throws {
        let composition = try config.composition()
        repeat {
            let report = try await CommandFailure.translating { try await StatusReport.read(composition) }
            if watch, Output.isTerminal { Output.text("\u{1B}[H\u{1B}[2J") }
            Output.line(try json ? JSONText.of(report) : StatusText(report).text)
            if watch { try await Task.sleep(for: .seconds(2)) }
        } while watch
    }
}
