import SpoolCore
import Synchronization

/// Progress of a long command on standard error: one changing line on a terminal, otherwise a line every few
/// seconds.
final class ProgressLine: Sendable {
    private static let pause = Duration.seconds(5)

    private let last = Mutex<(text: String, at: ContinuousClock.Instant?)>(("", nil))

    func show(_ text: String) {
        let isDue = last.withLock { last in
            let isFirst = last.at.map { ContinuousClock.now - $0 >= Self.pause } ?? true
            guard text != last.text, Output.isTerminal || isFirst else { return false }
            last = (text, .now)
            return true
        }
        guard isDue else { return }
        if Output.isTerminal { Output.screen("\r\u{1B}[2K\(text.printable)") } else { Output.error(text) }
    }

    /// Removes the line.
    func end() {
        if Output.isTerminal, last.withLock({ $0.at != nil }) { Output.screen("\r\u{1B}[2K") }
    }
}
