import Subprocess
import SystemPackage

/// The result of a system program that a test has run.
///
/// Foundation's `Process` is not used. Its `run` lists the process's open files and copies the longest
/// possible name out of each entry, which crashes a process with many open files once such a copy reads
/// beyond the list's memory.
package struct Tool: Sendable {
    /// Its exit code; nil when a signal terminated it.
    package let code: Int?
    /// Its standard output.
    package let output: String
    /// Its standard error.
    package let errors: String

    /// Runs a program, found by its name in `PATH`, with an empty standard input.
    ///
    /// - Throws: when it cannot be started, or writes more than 1 MiB to one of its outputs.
    package static func run(
        _ name: String,
        _ arguments: [String],
        in folder: String? = nil
    ) async throws -> Tool {
        let ended = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            workingDirectory: folder.map { FilePath($0) },
            input: .none,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        var code: Int?
        if case .exited(let number) = ended.terminationStatus { code = Int(number) }
        return Tool(code: code, output: ended.standardOutput, errors: ended.standardError)
    }
}
