import SpoolCore

/// Tells whether a part of the configuration has changed, secrets included; good for one process only.
enum Fingerprint {
    /// Two nodes with the same fingerprint mean the same settings, wherever they stand in the file.
    static func of(_ node: ConfigurationNode) -> String {
        var hasher = Hasher()
        feed(node, &hasher)
        return String(UInt(bitPattern: hasher.finalize()), radix: 16)
    }

    private static func feed(_ node: ConfigurationNode, _ hasher: inout Hasher) {
        switch node.value {
        case .null: hasher.combine(0)
        case .scalar(let text):
            hasher.combine(1)
            hasher.combine(text)
            // A token that was rotated in its file is a changed setting.
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
            }
        }
    }
}
