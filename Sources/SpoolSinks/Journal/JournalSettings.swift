import SpoolCore

/// What a journald sink is told: the socket, if it is not where systemd has it.
struct JournalSettings: Sendable, Equatable {
    var socket = JournalSink.standardSocket

    /// Takes the keys of a journald sink; nil, after adding problems, when one is wrong.
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
