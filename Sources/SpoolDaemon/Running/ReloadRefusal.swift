import SpoolConfig
import SpoolEngine

/// Why a configuration that is right in itself cannot be put in place of the one that runs.
struct ReloadRefusal: Error, CustomStringConvertible {
    let description: String

    /// Nil when nothing has changed that only a start can take over.
    init?(of new: Composition, after old: Composition) {
        var changed: [String] = []
        if new.spool.path != old.spool.path { changed.append("spool.path") }
        if new.status.listen != old.status.listen { changed.append("status.listen") }
        guard !changed.isEmpty else { return nil }
        let names = changed.joined(separator: " and ")
        description =
            "\(names) \(changed.count == 1 ? "has" : "have") changed, which takes a restart of the daemon"
    }
}
