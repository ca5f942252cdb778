import Foundation
import Synchronization

/// A pseudo-terminal: the program under test has one end, and the test reads from the other.
final class Terminal: Sendable {
    private struct Shown {
        var bytes: [UInt8] = []
        var lines = 0
    }

    /// The device for the program.
    let path: String
    private let master: Mutex<Int32>
    private let shown = Mutex(Shown())
    /// `TIOCSPTLCK` and `TIOCGPTN` (ioctl_tty(2)).
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    init() throws {
        // openpty(3) would leave the descriptor open in programs that other tests start meanwhile.
        let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        var (locked, number) = (Int32(0), UInt32(0))
        guard descriptor >= 0, ioctl(descriptor, Self.setLock, &locked) == 0,
            ioctl(descriptor, Self.getNumber, &number) == 0
        else { throw HarnessFailure("no pseudo-terminal: \(String(cString: strerror(errno)))") }
        path = "/dev/pts/\(number)"
        master = Mutex(descriptor)
    }

    /// Starts a program with this terminal as its standard input and output; its standard error is the
    /// child's.
    ///
    /// With `controls` it is the controlling terminal of the program, so that closing it sends SIGHUP.
    func start(_ site: Site, _ name: String, _ program: String, _ arguments: [String], controls: Bool)
        -> Child
    {
        let script = "exec \"$@\" <\(path) >\(path)"
        let command = ["bash", "-c", script, "bash", program] + arguments
        // The first terminal opened by a session leader becomes its controlling terminal.
        return controls
            ? site.start(name, "setsid", command) : site.start(name, "bash", Array(command.dropFirst()))
    }

    /// Reads the available output, and counts lines.
    ///
    /// - Returns: how many complete lines have been shown so far.
    @discardableResult
    func read() -> Int {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = master.withLock { Glibc.read($0, &chunk, chunk.count) }
            guard count > 0 else { break }
            let new = chunk[..<count]
            shown.withLock { shown in
                shown.bytes += new
                shown.lines += new.count { $0 == 0x0A }
            }
        }
        return shown.withLock { $0.lines }
    }

    /// Reads until the given number of complete lines has been shown.
    func readLines(_ count: Int) async throws {
        try await within(.seconds(90), "\(count) lines are shown") {
            // A terminal buffers a few kilobytes, and nothing signals further output.
            while self.read() < count { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    /// The complete lines read so far.
    var lines: [String] {
        shown.withLock { $0.bytes }.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self)
        }
    }

    /// Types Ctrl and a letter.
    func type(control letter: Character) {
        let key = (letter.asciiValue ?? 0x40) & 0x1F
        master.withLock { descriptor in _ = write(descriptor, [key], 1) }
    }

    /// Closes the terminal, like a closed window or a lost connection.
    func close() {
        master.withLock { descriptor in
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    deinit { close() }
}
