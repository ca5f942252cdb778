public import ArgumentParser
import Foundation
public import Logging
import SpoolConfig
import SpoolCore
import SpoolDaemon

/// `--config`, which every command takes.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: "Configuration file (else SPOOL_CONFIG, else ./spool.yaml, else /etc/spool/spool.yaml).",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var file: String?

    /// Where the configuration is.
    func path() throws -> String {
        do throws(ConfigurationFault) {
            return try ConfigurationLocation.find(option: file, environment: Self.environment)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The whole configuration, composed.
    ///
    /// - Parameter need: the secrets that the command cannot do without; those that ask a source or send events only
    ///   when no daemon runs get them then (`Composition.withSecrets`).
    func composition(need: SparingSecrets.Need = .none) throws -> Composition {
        do throws(ConfigurationFault) {
            return try Composition.read(
                path: try ConfigurationLocation.find(option: file, environment: Self.environment),
                environment: Self.environment,
                hostName: ProcessInfo.processInfo.hostName,
                need: need
            )
        } catch {
            throw CommandFailure(error)
        }
    }

    static var environment: [String: String] { ProcessInfo.processInfo.environment }
}

/// `--log-level`, for commands that run for long.
struct LogOption: ParsableArguments {
    @Option(help: "The least severe messages to log, on standard error.")
    var logLevel: Logger.Level = .info

    /// A logger that writes logfmt to standard error.
    var logger: Logger {
        Logger.spool(logLevel)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
