import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// `spool status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows problems first, then streams, sinks, backlog and replays."
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Print the result as JSON (stable keys).") var json = false
    @Flag(
        help:
            "Refresh every two seconds until interrupted: in place on a terminal, one line each in a pipe."
    )
    var watch = false

    func run() async throws {
        let look = try config.look()
        guard watch else {
            let report = try await report(look)
            Output.line(try json ? JSONText.of(report) : text(report, Output.terminalSize))
            return
        }
        var screen = LiveScreen()
        while true {
            let report = try await report(look)
            let size = Output.terminalSize
            let text = PrintableText.escapedLines(try watched(report, size))
            Output.screen(screen.next(text, size: size))
            try Output.check()
            try await Task.sleep(for: .seconds(2))
        }
    }

    private func report(_ look: SpoolLook) async throws -> StatusReport {
        try await CommandFailure.translating {
            switch look {
            case .composition(let composition): try await StatusReport.read(composition)
            case .path(let path): try await StatusReport.read(spool: path)
            }
        }
    }

    private func text(_ report: StatusReport, _ size: (rows: Int, columns: Int)?) -> String {
        StatusText(report, columns: size?.columns).text
    }

    private func watched(_ report: StatusReport, _ size: (rows: Int, columns: Int)?) throws -> String {
        if json {
            return PrintableText.escapedJSON(
                String(decoding: try ControlCoding.encode(report), as: UTF8.self)
            )
        }
        return Output.isTerminal ? text(report, size) : StatusLine(report).text
    }
}
