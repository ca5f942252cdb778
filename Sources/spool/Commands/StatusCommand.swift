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
    @Flag(
        help:
            "Show it again every two seconds until interrupted: in place on a terminal, one line each in a pipe."
    )
    var watch = false

    func run() async throws {
        let composition = try config.composition()
        guard watch else {
            let report = try await CommandFailure.translating { try await StatusReport.read(composition) }
            return Output.line(try json ? JSONText.of(report) : StatusText(report).text)
        }
        var screen = LiveScreen()
        while true {
            let report = try await CommandFailure.translating { try await StatusReport.read(composition) }
            Output.text(screen.next(try text(report)))
            try await Task.sleep(for: .seconds(2))
        }
    }

    private func text(_ report: StatusReport) throws -> String {
        if json { return String(decoding: try ControlCoding.encode(report), as: UTF8.self) }
        return Output.isTerminal ? StatusText(report).text : StatusLine(report).text
    }
}
