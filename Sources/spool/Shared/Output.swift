import Foundation

/// Standard output and error, line by line and unbuffered, so that a pipe sees each line at once.
enum Output {
    static func line(_ text: String = "") { write(text + "\n", to: .standardOutput) }

    static func error(_ text: String) { write(text + "\n", to: .standardError) }

    static func errorText(_ text: String) { write(text, to: .standardError) }

    static func text(_ text: String) { write(text, to: .standardOutput) }

    /// True when standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// True when somebody can be asked.
    static var isInteractive: Bool { isTerminal && isatty(STDIN_FILENO) == 1 }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that went away (`| head`) ends the output, not the command.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
