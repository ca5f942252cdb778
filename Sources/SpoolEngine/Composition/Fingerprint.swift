import Crypto
import Foundation
import SpoolCore
import SpoolNetwork

/// Detects whether a part of the configuration has changed; valid within one process only.
///
/// A fingerprint includes everything that the part refers to: the secrets, the files of its `tls:` group and,
/// if it uses TLS, the system's certificate authorities. Replacing a file in place counts as a change.
enum Fingerprint {
    /// Two nodes with the same fingerprint have the same settings, wherever they are in the file.
    ///
    /// - Parameters:
    ///   - node: the part.
    ///   - roots: `systemRoots` for a part that uses TLS, otherwise nil.
    /// - Returns: a text that is the same for the same settings.
    static func of(_ node: ConfigurationNode, roots: Int? = nil) -> String {
        var hasher = Hasher()
        hasher.combine(roots)
        feed(node, &hasher)
        return String(UInt(bitPattern: hasher.finalize()), radix: 16)
    }

    /// A number that changes with the system's certificate authorities.
    static func systemRoots() -> Int {
        var hasher = Hasher()
        for file in TrustedRoots.systemFiles {
            hasher.combine((try? SmallFile.read(file, limit: 16 << 20))?.bytes)
        }
        return hasher.finalize()
    }

    private static func feed(_ node: ConfigurationNode, _ hasher: inout Hasher) {
        switch node.value {
        case .null: hasher.combine(0)
        case .scalar(let text):
            hasher.combine(1)
            hasher.combine(text)
            if let secret = try? node.secrets.resolve(text) { hasher.combine(secret.reveal()) }
        case .sequence(let items):
            hasher.combine(2)
            hasher.combine(items.count)
            for item in items { feed(item, &hasher) }
        case .mapping(let entries):
            hasher.combine(3)
            hasher.combine(entries.count)
            for entry in entries.sorted(by: { $0.key < $1.key }) {
                hasher.combine(entry.key)
                feed(entry.value, &hasher)
                guard case .scalar(let path) = entry.value.value else { continue }
                for (file, bytes) in TLSSettings.contents(of: entry.key, at: path) ?? [] {
                    hasher.combine(file)
                    hasher.combine(bytes)
                }
            }
        }
    }
}

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
