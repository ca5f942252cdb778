import Foundation
import SpoolCore

/// Standard output and standard error, unbuffered, so that a pipe sees each line immediately.
///
/// Every command prints through it. A failed write does not stop the command by itself: what has been begun is
/// finished, later output is dropped, and `end` reports the failure. Commands that go on without an end look at
/// `isOpen` or call `check`.
enum Output {
    private static let standard = DescriptorWriter(STDOUT_FILENO)
    private static let errors = DescriptorWriter(STDERR_FILENO)

    /// Prints text for people, or JSON, and a line feed.
    ///
    /// Line feeds in the text end lines; all other characters that a terminal acts on are escaped.
    static func line(_ text: String = "") { self.text(text + "\n") }

    /// Prints text for people without a line feed at its end; escaped as in `line`.
    static func text(_ text: String) { raw(PrintableText.escapedLines(text).utf8) }

    /// Prints data as it is: CSV, and lines that `listen` hands on.
    static func raw(_ bytes: some Sequence<UInt8>) { standard.write(bytes) }

    /// Prints text of our own that moves a terminal's cursor; text of others in it has been escaped before.
    static func screen(_ text: String) { raw(text.utf8) }

    /// Prints a line on standard error, escaped as in `line`.
    static func error(_ text: String) { errorText(text + "\n") }

    /// Prints on standard error without a line feed at its end.
    static func errorText(_ text: String) { errors.write(PrintableText.escapedLines(text).utf8) }

    /// True when standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The size of the terminal that standard output is; nil when it is none, or does not know.
    static var terminalSize: (rows: Int, columns: Int)? {
        // `struct winsize` (ioctl_tty(2)): rows, columns, and two that are not used.
        var size: (UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0)
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.0 > 0, size.1 > 0 else { return nil }
        return (Int(size.0), Int(size.1))
    }

    /// True when a question can be asked.
    static var isInteractive: Bool { isTerminal && isatty(STDIN_FILENO) == 1 }

    /// False once something could not be written.
    static var isOpen: Bool { standard.failure == nil }

    /// Ends a command that would otherwise go on printing into nothing.
    ///
    /// - Throws: `OutputEnded` once something could not be written.
    static func check() throws(OutputEnded) {
        if !isOpen { throw OutputEnded() }
    }

    /// From now on no write waits for a reader that does not read: for the end of a command that was asked to stop.
    static func stopWaiting() {
        standard.stopWaiting()
        errors.stopWaiting()
    }

    /// Returns when standard output can no longer be written to, because its reader or the terminal has gone.
    ///
    /// A file never does that. It returns early when the task is cancelled.
    static func readerGone() async {
        let gone = Signal()
        // A thread of its own, which waits until the process ends: a task would hold up the others.
        Thread.detachNewThread {
            var polled = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&polled, 1, -1) < 0, errno == EINTR {}
            gone.notify()
        }
        await gone.changed(after: 0)
    }

    /// Closes standard output, which is where some file systems report that the disk is full.
    ///
    /// - Returns: why not everything was written; nil when it was, or when the reader went away (`| head`).
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

    /// Has to come before anything is opened or printed.
    ///
    /// A standard descriptor that is closed would be given to the next file that is opened, and output would then go
    /// into that file. And a closed pipe is to be an error of the write, not the end of the process.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // Takes the lowest free number, which is this one. Read-only: writes to it fail, and are reported.
            _ = open("/dev/null", O_RDONLY)
        }
    }
}

/// A command that prints without an end stops because its output cannot be written; `Output.end` tells why.
struct OutputEnded: Error {}
