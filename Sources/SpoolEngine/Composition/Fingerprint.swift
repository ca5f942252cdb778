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
