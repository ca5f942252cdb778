import ArgumentParser
import Foundation
import SpoolCore
import SpoolDaemon
import SpoolStore

/// The command line: parses the arguments, runs a command and exits with one of the documented codes.
@main
struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "Forwards Defender for Cloud Apps activities and alerts to a SIEM without losing any.",
        discussion: """
            Exit codes: 0 success, 1 a problem was found, 2 usage or configuration error, 3 a source, sink \
            or the daemon is unreachable, 4 the spool is locked, damaged or its disk full, 5 some events \
            were not delivered, 6 shut down after too many critical errors, 7 standard output could not be \
            written.
            """,
        version: SpoolVersion.text,
        subcommands: [
            RunCommand.self, DemoCommand.self, InitCommand.self, CheckCommand.self, DoctorCommand.self,
            StatusCommand.self, ReloadCommand.self, RetryCommand.self,
            ReplayCommand.self, VerifyCommand.self, TraceCommand.self, TailCommand.self, DeadCommand.self,
            QueryCommand.self, PruneCommand.self, BackupCommand.self, ListenCommand.self,
            SimulateCommand.self, ManualCommand.self,
        ]
    )

    static func main() async {
        Output.prepare()
        ProcessTuning.silenceDispatchLog()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        guard let failure = Output.end() else { exit(status) }
        Output.error(failure.description)
        exit(status == .done ? failure.status : status)
    }

    /// Runs the command given by the arguments and reports its failure.
    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            var command = try parseAsRoot(DashArguments.protected(arguments))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .done
        } catch is OutputEnded {
            return .done
        } catch let failure as CommandFailure {
            Output.error(failure.description)
            return failure.status
        } catch let interrupted as Interrupted {
            Interrupted.end(by: interrupted.number)
            // The signal ends it.
            return .problemFound
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            let unknown = UnknownCommand.message(arguments, in: Self.self)
            // `--help`, `--version` and completion scripts also arrive here.
            guard code != .success || unknown != nil else {
                let help = CommandHelp(arguments, in: Self.self)
                Output.raw(((help?.text ?? message) + "\n").utf8)
                return .done
            }
            Output.error(unknown ?? message)
            return .wrongUse
        }
    }

    private static func exit(_ status: ExitStatus) -> Never { Foundation.exit(status.rawValue) }
}
