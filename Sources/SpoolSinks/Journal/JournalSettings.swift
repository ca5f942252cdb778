import SpoolCore

/// The settings of a journald sink: the socket, if it is not systemd's default.
struct JournalSettings: Sendable, Equatable {
    var socket = JournalSink.standardSocket

    /// Reads the keys of a journald sink; nil after adding problems if one is invalid.
    init?(_ group: inout ConfigurationMapping, _ problems: ConfigurationProblems) {
        guard let node = group.take("socket") else { return }
        guard let text = node.text(problems) else { return nil }
        guard text.hasPrefix("/"), text.utf8.count < 108 else {
            problems.add(
                "expected the path of a socket, such as `\(JournalSink.standardSocket)`, found `\(text)`",
                at: node
            )
            return nil
        }
        socket = text
    }
}
