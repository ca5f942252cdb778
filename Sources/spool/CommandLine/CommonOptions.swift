public import ArgumentParser
import Foundation
public import Logging
import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// The option `--config`.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: "Configuration file (default: SPOOL_CONFIG, then ./spool.yaml, then /etc/spool/spool.yaml).",
        completion: .file(extensions: ["yaml", "yml"])
    )
    var file: String?

    /// The path of the configuration.
    func path() throws -> String {
        do throws(ConfigurationFault) {
            return try ConfigurationLocation.find(option: file, environment: Self.environment)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The complete configuration.
    ///
    /// `need` are the secrets that the command requires. Commands that query a source or send events only if
    /// no daemon is running load them then (`Composition.withSecrets`).
    func composition(need: LenientSecrets.Need = .none) throws -> Composition {
        do throws(ConfigurationFault) {
            return try read(need: need)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The configuration for a command that only reads the spool, and therefore needs only its path.
    ///
    /// An error in the file is reported as a warning on standard error, and the command continues.
    func look() throws -> SpoolLook {
        do throws(ConfigurationFault) {
            return .composition(try read())
        } catch {
            guard case .invalid(let file, _, let problems) = error,
                let path = SpoolLocation.path(inFile: file)
            else { throw CommandFailure(error) }
            Output.error(
                "warning: \(Count.text(Set(problems).count, "problem")) in \(file) (run `spool check`); "
                    + "using only spool.path: \(path)"
            )
            return .path(path)
        }
    }

    /// The complete configuration; errors list every problem.
    func read(need: LenientSecrets.Need = .none) throws(ConfigurationFault) -> Composition {
        try Composition.read(
            path: try ConfigurationLocation.find(option: file, environment: Self.environment),
            environment: Self.environment,
            hostName: ProcessInfo.processInfo.hostName,
            need: need
        )
    }

    static var environment: [String: String] { ProcessInfo.processInfo.environment }
}

/// The option `--log-level`, for commands that run for a long time.
struct LogOption: ParsableArguments {
    @Option(help: "Minimum severity of messages logged to standard error.")
    var logLevel: Logger.Level = .info

    /// A logger that writes logfmt to standard error.
    var logger: Logger {
        Logger.spool(logLevel)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// The configuration of a command that only reads the spool.
enum SpoolLook {
    case composition(Composition)
    /// The configuration has errors; only the path of the spool is known.
    case path(String)

    /// The path of the spool.
    var path: String {
        switch self {
        case .composition(let composition): composition.spool.path
        case .path(let path): path
        }
    }
}

extension SpoolSession {
    /// Opens a session for a command whose request to the daemon concerns only the spool.
    ///
    /// This works even if the configuration has errors; without a daemon the complete configuration is
    /// needed.
    static func use(
        _ config: ConfigurationOption,
        command: String,
        _ body: (SpoolSession) async throws -> Void
    ) async throws {
        let look = try config.look()
        try await use(spool: look.path, command: command, composition: { try look.composition(config) }, body)
    }
}

extension SpoolLook {
    /// The complete configuration.
    ///
    /// - Throws: the errors of the configuration, if there are any.
    fileprivate func composition(_ config: ConfigurationOption) throws -> Composition {
        switch self {
        case .composition(let composition): composition
        case .path: try config.composition()
        }
    }
}

/// Numeric options: each has bounds, so that no number can cause an arithmetic overflow.
enum NumberOption {
    /// Rejects a number that is out of bounds.
    ///
    /// - Throws: `ValidationError`, which ends the command with exit code 2.
    static func check(_ option: String, _ number: Int, _ bounds: ClosedRange<Int>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(Grouped.text(bounds.lowerBound)) and "
                    + Grouped.text(bounds.upperBound)
            )
        }
    }

    /// The same for a floating-point number; infinities and NaN are out of bounds.
    static func check(_ option: String, _ number: Double, _ bounds: ClosedRange<Double>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(bounds.lowerBound) and \(bounds.upperBound)"
            )
        }
    }
}

extension MomentText {
    /// The time given by an option.
    ///
    /// - Throws: a failure that lists the valid forms, for a text that is not a time.
    static func option(_ option: String, _ text: String, now: Timestamp) throws -> Timestamp {
        guard let moment = timestamp(text, now: now) else {
            throw CommandFailure(
                .wrongUse,
                "\(option) \(text): not a time; use 2026-11-23T04:00:00Z, 2026-11-23T04:00 (UTC), "
                    + "2026-11-23, an age such as 2h or 3d, or now"
            )
        }
        return moment
    }
}

/// Checks names given by an option: a misspelt name is an error and must not look like "nothing found".
enum KnownNames {
    /// Rejects the first unknown name.
    static func check(_ names: [String], _ what: String, among known: [String]) throws {
        for name in names where !known.contains(name) { throw failure(what, name, among: known) }
    }

    /// The error for an unknown name; it suggests the nearest known name or lists all of them.
    static func failure(_ what: String, _ name: String, among known: [String]) -> CommandFailure {
        let hint = Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" }
        return CommandFailure(
            .wrongUse,
            "there is no \(what) \(name.printable); \(hint ?? Listing.thereAre(known))"
        )
    }
}
