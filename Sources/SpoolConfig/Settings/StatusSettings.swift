package import SpoolCore

/// The `status:` group: the TCP address that serves `/status`, `/metrics` and the status page, and who may
/// read them.
package struct StatusSettings: Sendable, Equatable {
    /// The address; nil (`listen: none`) when only the Unix socket serves them.
    package var listen: ListenAddress? = .loopback
    /// The token that a request must present as `Authorization: Bearer`; nil when every client that can reach
    /// the address may read.
    package var token: Secret?

    /// Shorter tokens can be guessed.
    static let shortestToken = 16

    package init() {}

    /// Reads the group; nil, after adding a problem, when the node is not a group.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let listenNode = group.take("listen")
        let tokenNode = group.take("token")
        group.finish()
        if let tokenNode { readToken(tokenNode, problems) }
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
        guard address.isLoopback || tokenNode != nil else {
            problems.add(
                "anyone who can reach `\(text)` could read the status: listen on 127.0.0.1, or "
                    + "require a token with `token: file:/path`, `credential:NAME` or `${NAME}`",
                at: listenNode
            )
            return
        }
        listen = address
    }

    private mutating func readToken(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard let secret = node.secret(problems) else { return }
        guard secret.reveal().utf8.count >= Self.shortestToken else {
            problems.add(
                "the token is shorter than \(Self.shortestToken) characters and can be guessed; "
                    + "`openssl rand -hex 32` generates one",
                at: node
            )
            return
        }
        token = secret
    }
}
