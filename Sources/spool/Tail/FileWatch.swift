@preconcurrency import Dispatch
import Foundation
import SpoolCore

/// Reports writes to the files of a folder by inotify(7): SQLite's log changes with every commit.
///
/// It watches the folder, because a log may be created again. If the system has no inotify, or the folder
/// cannot be watched, it polls four times per second.
final class FileWatch: Sendable {
    /// Notified after each change.
    let changed = ChangeSignal()
    private let source: (any DispatchSourceRead)?
    private let descriptor: Int32

    init(folder: String) {
        #if os(Linux)
            let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
            let events = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
            if descriptor >= 0, inotify_add_watch(descriptor, folder, events) >= 0 {
                self.descriptor = descriptor
                let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
                source.setEventHandler { [changed] in
                    var bytes = [UInt8](repeating: 0, count: 16_384)
                    while read(descriptor, &bytes, bytes.count) > 0 {}
                    changed.notify()
                }
                source.setCancelHandler { close(descriptor) }
                source.activate()
                self.source = source
                return
            }
            if descriptor >= 0 { close(descriptor) }
        #endif
        self.descriptor = -1
        source = nil
    }

    deinit { source?.cancel() }

    /// Returns after a change later than `version`.
    func wait(after version: Int) async {
        if source != nil {
            await changed.changed(after: version)
        } else {
            // The caller checks whether there is anything new.
            try? await Task.sleep(for: .milliseconds(250))
        }
    }
}
