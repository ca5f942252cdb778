package import SpoolCore

/// The `status:` group: where `/status`, `/metrics` and the status page are served over TCP.
package struct StatusSettings: Sendable, Equatable {
    /// The address; nil (`listen: none`) when only the Unix socket serves them.
    package var listen: ListenAddress? = .loopback

    package init() {}

    /// Reads the group; nil, with a problem, when it is none.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let listenNode = group.take("listen")
        let remoteNode = group.take("allow_remote")
        group.finish()
        let allowsRemote = remoteNode?.boolean(problems) ?? false
        guard let listenNode, let text = listenNode.text(problems) else { return }
        if text == "none" {
            listen = nil
            return
        }
        guard let address = ListenAddress(text) else {
            problems.add(
                "expected an IP address and a port, such as `127.0.0.1:9470`, or `none`, found `\(text)`",
                at: listenNode
            )
            return
        }
        guard address.isLoopback || allowsRemote else {
            problems.add(
                "the status server has no log-in: whoever reaches `\(text)` sees it; "
                    + "listen on 127.0.0.1, or add `allow_remote: true`",
                at: listenNode
            )
            return
        }
        listen = address
    }
}
