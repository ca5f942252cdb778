import Subprocess

/// The result of a finished command.
struct Answer: Sendable, CustomStringConvertible {
    let status: TerminationStatus
    let output: String
    let errors: String

    /// The exit code; nil if a signal ended the command.
    var code: Int? {
        if case .exited(let code) = status { Int(code) } else { nil }
    }

    var description: String { "\(status)\n\(output)\n\(errors)" }
}

extension Child {
    /// Runs a program until it exits.
    static func answer(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        folder: String? = nil,
        within limit: Duration = .seconds(90)
    ) async throws -> Answer {
        let name = ([program] + arguments).joined(separator: " ")
        let child = start(name, program, arguments, environment: environment, folder: folder)
        do {
            let status = try await child.exit(within: limit)
            return Answer(
                status: status,
                output: child.lines(.output).joined(separator: "\n"),
                errors: child.lines(.errors).joined(separator: "\n")
            )
        } catch {
            await child.end()
            throw error
        }
    }
}
