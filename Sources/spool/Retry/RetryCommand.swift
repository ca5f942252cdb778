import ArgumentParser
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// `spool retry`.
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Makes the daemon retry failed sinks and sources now.",
        discussion: """
            After a failure the daemon waits before the next attempt: up to a minute, or up to five minutes \
            if the settings or the receiver's refusals were the cause. This command ends these waits, for \
            example when a SIEM is back after an outage. No event is lost or repeated. A reload of the \
            configuration does the same.

            If a source has requested a delay (429), the daemon still observes it.

            Exit code 3 if no daemon is running; a daemon tries immediately when it starts.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Option(help: ArgumentHelp("Retry only this sink.", valueName: "name"))
    var sink: String?
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        let path = try config.look().path
        let answer = try await Self.ask(RetryNow(sink: sink.map { SinkName($0) }), spool: path)
        Output.line(try json ? JSONText.of(answer) : Self.text(answer))
    }

    private static func ask(_ command: RetryNow, spool path: String) async throws -> RetryNow.Answer {
        let client = ControlClient(ControlSocket(spool: path))
        do {
            return try await client.send(command)
        } catch .noDaemon {
            throw CommandFailure(
                .cannotReach,
                "spool: no daemon is running on \(path), so there is nothing to retry; "
                    + "a daemon tries immediately when it starts"
            )
        } catch {
            throw CommandFailure(error.exitStatus, "spool: \(error)")
        }
    }

    private static func text(_ answer: RetryNow.Answer) -> String {
        let parts = answer.sinks.map { ("sink", $0) } + answer.sources.map { ("source", $0) }
        return parts.map { kind, part in
            "\(kind) \(part.name): \(part.wasWaiting ? "trying now" : "not waiting for a retry")"
        }.joined(separator: "\n")
    }
}
