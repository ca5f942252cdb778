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
    /// `need` tells the secrets that the command cannot do without; those that ask a source or send events only when no
    /// daemon runs get them then (`Composition.withSecrets`).
    func composition(need: SparingSecrets.Need = .none) throws -> Composition {
        do throws(ConfigurationFault) {
            return try read(need: need)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The configuration for a command that only reads the spool, and so needs no more than its place.
    ///
    /// A mistake in the file is reported as a warning on standard error, and the command goes on.
    func look() throws -> SpoolLook {
        do throws(ConfigurationFault) {
            return .composition(try read())
        } catch {
            guard case .invalid(let file, _, let problems) = error,
                let path = SpoolLocation.path(inFile: file)
            else { throw CommandFailure(error) }
            Output.error(
                "warning: \(Count.text(Set(problems).count, "problem")) in \(file), which `spool check` shows; "
                    + "only spool.path is taken from it: \(path)"
            )
            return .path(path)
        }
    }

    /// The whole configuration, composed; its problems one by one.
    func read(need: SparingSecrets.Need = .none) throws(ConfigurationFault) -> Composition {
        try Composition.read(
            path: try ConfigurationLocation.find(option: file, environment: Self.environment),
            environment: Self.environment,
            hostName: ProcessInfo.processInfo.hostName,
            need: need
        )
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

/// What a command knows that only reads the spool.
enum SpoolLook {
    case composition(Composition)
    /// The configuration has mistakes; this is the spool's place.
    case path(String)

    /// The spool's file.
    var path: String {
        switch self {
        case .composition(let composition): composition.spool.path
        case .path(let path): path
        }
    }
}

extension ReplayDesk {
    /// Opens the desk for a command that asks the daemon for something about the spool alone.
    ///
    /// With a mistake in the configuration it can do so all the same; without a daemon the whole file is needed.
    static func use(
        _ config: ConfigurationOption,
        command: String,
        _ body: (ReplayDesk) async throws -> Void
    ) async throws {
        let look = try config.look()
        try await use(spool: look.path, command: command, composition: { try look.composition(config) }, body)
    }
}

extension SpoolLook {
    /// The whole configuration.
    ///
    /// - Throws: its mistakes, where it has some.
    fileprivate func composition(_ config: ConfigurationOption) throws -> Composition {
        switch self {
        case .composition(let composition): composition
        case .path: try config.composition()
        }
    }
}
