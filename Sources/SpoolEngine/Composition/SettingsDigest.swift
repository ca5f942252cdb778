import Crypto
import Foundation
import SpoolCore

/// Identifies the settings of a part across processes, including the state of the files that they name.
///
/// Contains no secret: references are hashed as written, and their files by size, inode and modification
/// time.
enum SettingsDigest {
    static func of(_ node: ConfigurationNode) -> String {
        var hash = SHA256()
        feed(node, key: "", &hash)
        return hash.finalize().prefix(12).map { String(format: "%02x", $0) }.joined()
    }

    private static func feed(_ node: ConfigurationNode, key: String, _ hash: inout SHA256) {
        switch node.value {
        case .null: add("null", &hash)
        case .scalar(let text):
            add("text \(text)", &hash)
            if let path = path(text, key: key) { add(state(of: path), &hash) }
        case .sequence(let items):
            add("list \(items.count)", &hash)
            for item in items { feed(item, key: key, &hash) }
        case .mapping(let entries):
            add("group \(entries.count)", &hash)
            for entry in entries.sorted(by: { $0.key < $1.key }) {
                add("key \(entry.key)", &hash)
                feed(entry.value, key: entry.key, &hash)
            }
        }
    }

    private static func path(_ text: String, key: String) -> String? {
        if text.hasPrefix("file:") { return String(text.dropFirst(5)) }
        return key.hasSuffix("_file") ? text : nil
    }

    private static func state(of path: String) -> String {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return "missing" }
        return "\(facts.st_size) \(facts.st_ino) \(facts.st_mtim.tv_sec) \(facts.st_mtim.tv_nsec)"
    }

    /// Adds a word prefixed with its length, so that no two lists of words produce the same bytes.
    private static func add(_ word: String, _ hash: inout SHA256) {
        hash.update(data: Array("\(word.utf8.count) \(word)".utf8))
    }
}
