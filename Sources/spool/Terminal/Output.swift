import Foundation
import SpoolCore

/// Standard output and standard error, unbuffered, so that a pipe receives each line immediately.
///
/// Every command prints through it. A failed write does not stop the command: it finishes its work, later
/// output is dropped, and `end` reports the failure. Commands that run without end test `isOpen` or call
/// `check`.
enum Output {
    private static let standard = DescriptorWriter(STDOUT_FILENO)
    private static let errors = DescriptorWriter(STDERR_FILENO)

    /// Prints text or JSON, followed by a line feed.
    ///
    /// Line feeds in the text are kept; all other control characters are escaped.
    static func line(_ text: String = "") { self.text(text + "\n") }

    /// Prints text without a final line feed; escaped as in `line`.
    static func text(_ text: String) { raw(PrintableText.escapedLines(text).utf8) }

    /// Prints data unchanged: CSV, and the lines that `listen` passes on.
    static func raw(_ bytes: some Sequence<UInt8>) { standard.write(bytes) }

    /// Prints text that moves the terminal's cursor; external text in it must have been escaped before.
    static func screen(_ text: String) { raw(text.utf8) }

    /// Prints a line on standard error, escaped as in `line`.
    static func error(_ text: String) { errorText(text + "\n") }

    /// Prints on standard error without a final line feed.
    static func errorText(_ text: String) { errors.write(PrintableText.escapedLines(text).utf8) }

    /// True when standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The size of the terminal on standard output; nil if it is not a terminal or does not report its size.
    static var terminalSize: (rows: Int, columns: Int)? {
        // `struct winsize` (ioctl_tty(2)): rows, columns, and two unused values.
        var size: (UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0)
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.0 > 0, size.1 > 0 else { return nil }
        return (Int(size.0), Int(size.1))
    }

    /// True if the user can answer a question.
    static var isInteractive: Bool { isTerminal && isatty(STDIN_FILENO) == 1 }

    /// False after a failed write.
    static var isOpen: Bool { standard.failure == nil }

    /// Ends a command whose output can no longer be written.
    ///
    /// - Throws: `OutputEnded` after a failed write.
    static func check() throws(OutputEnded) {
        if !isOpen { throw OutputEnded() }
    }

    /// From now on no write waits for a reader that does not read; called when a command must stop.
    static func stopWaiting() {
        standard.stopWaiting()
        errors.stopWaiting()
    }

    /// Returns when standard output can no longer be written, because its reader or the terminal is gone.
    ///
    /// This never happens with a file. It returns early when the task is cancelled.
    static func readerGone() async {
        let gone = ChangeSignal()
        // A separate thread, which may wait until the process ends: a waiting task would block other tasks.
        Thread.detachNewThread {
            var polled = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&polled, 1, -1) < 0, errno == EINTR {}
            gone.notify()
        }
        await gone.changed(after: 0)
    }

    /// Closes standard output: some file systems report a full disk only then.
    ///
    /// - Returns: why not everything was written; nil if it was, or if the reader has exited (`| head`).
    static func end() -> CommandFailure? {
        let refusal: Int32
        switch standard.failure {
        case .readerGone, .abandoned: return nil
        case .refused(let code): refusal = code
        case nil:
            guard close(STDOUT_FILENO) != 0, errno != EBADF, errno != EINTR else { return nil }
            refusal = errno
        }
        return CommandFailure(
            .outputFailed,
            "cannot write to standard output: \(String(cString: strerror(refusal))); the output is incomplete"
        )
    }

    /// Prepares the standard descriptors; must be called before anything is opened or printed.
    ///
    /// The next opened file would get the number of a closed standard descriptor, and output would be written
    /// into that file. SIGPIPE is ignored, so that a closed pipe is a write error instead of ending the
    /// process.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // Gets the lowest free number, which is this one. Read-only: writes to it fail and are reported.
            _ = open("/dev/null", O_RDONLY)
        }
    }
}

/// Stops a command that prints without end because its output cannot be written; `Output.end` returns the
/// reason.
struct OutputEnded: Error {}

/// JSON for scripts, with control characters escaped; that does not change the meaning of JSON.
enum JSONText {
    /// JSON on several lines, with sorted keys.
    static func of(_ value: some Encodable) throws -> String {
        try text(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// A JSON object on one line, for scripts that read line by line.
    static func line(_ value: some Encodable) throws -> String {
        try text(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func text(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting) throws -> String
    {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        return PrintableText.escapedJSON(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

extension String {
    /// External text on one line, with all control characters escaped.
    var printable: String { PrintableText.escaped(self) }

    /// The same, truncated after `limit` characters.
    func printable(limit: Int) -> String { PrintableText.escaped(self, limit: limit) }
}
