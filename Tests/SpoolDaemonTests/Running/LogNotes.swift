import Logging
import SpoolCore
import Synchronization

/// The messages of a test's logger.
final class LogNotes: Sendable {
    struct Handler: LogHandler {
        let notes: LogNotes
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { notes.add("\(event.message)") }
    }

    private let kept = Mutex<[String]>([])
    private let added = ChangeSignal()

    /// The messages so far, without their metadata.
    var messages: [String] { kept.withLock { $0 } }

    /// Returns once a message has been logged.
    func wait(for message: String) async {
        while true {
            let version = added.version
            if messages.contains(message) { return }
            await added.changed(after: version)
        }
    }

    private func add(_ message: String) {
        kept.withLock { $0.append(message) }
        added.notify()
    }
}
