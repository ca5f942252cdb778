import SpoolCore
import SpoolNetwork

/// The settings of a webhook sink: URL, secret, proxy and TLS.
struct WebhookSettings: Sendable, Equatable {
    var base: BaseURL
    /// `?` and the query; empty without a query.
    var query: String
    /// The name of the header that contains the secret.
    var header: String?
    var secret: RenewableSecret?
    var route: ProxyRoute
    var tls: TLSSettings

    /// Reads the keys of a webhook; nil after adding problems if one is missing or invalid.
    init?(_ group: inout ConfigurationMapping, _ problems: ConfigurationProblems) {
        let url = group.require("url").flatMap { Self.url($0, problems) }
        let secretNode = group.take("secret")
        let headerNode = group.take("secret_header")
        let route = group.take("proxy").map { Self.proxy($0, problems) } ?? .direct
        let tls = group.take("tls").map { TLSSettings($0, problems) } ?? TLSSettings()
        if let headerNode, secretNode == nil {
            problems.add("`secret_header` requires a `secret`, which is missing", at: headerNode)
        }
        let secret = secretNode.flatMap { $0.headerSecret(problems) }
        let header = headerNode.flatMap { Self.header($0, problems) }
        guard let url, let route, let tls, (secretNode == nil) == (secret == nil),
            (headerNode == nil) == (header == nil)
        else {
            return nil
        }
        (base, query) = url
        self.secret = secret
        self.header = header
        self.route = route
        self.tls = tls
    }

    /// The headers of a request.
    ///
    /// The secret is read again from its source, so that the next connection uses a rotated one.
    func headers() -> [(name: String, value: String)] {
        let secret = secret.map { $0.reread() ?? $0.value }
        var headers = [("Content-Type", "application/json")]
        if let secret {
            headers.append(
                header.map { ($0, secret.reveal()) } ?? ("Authorization", "Bearer \(secret.reveal())")
            )
        }
        return headers.map { (name: $0.0, value: $0.1) }
    }

    /// The URL, which may be a reference to a secret as a whole, since the path of some services is their
    /// secret.
    private static func url(
        _ node: ConfigurationNode,
        _ problems: ConfigurationProblems
    ) -> (BaseURL, String)? {
        guard var text = node.text(problems) else { return nil }
        if SecretReference.isOne(text) {
            guard let secret = node.secret(problems) else { return nil }
            text = secret.reveal()
        }
        let query = text.firstIndex(of: "?").map { String(text[$0...]) } ?? ""
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            problems.add(
                "the query of this URL contains whitespace, a `#` or a non-ASCII character",
                at: node
            )
            return nil
        }
        do {
            return (try BaseURL(String(text.dropLast(query.count))), query)
        } catch {
            problems.add(error.description, at: node)
            return nil
        }
    }

    private static func header(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> String? {
        guard let text = node.text(problems) else { return nil }
        let isName =
            !text.isEmpty
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
        if isName { return text }
        problems.add("expected the name of a header, such as `X-Webhook-Secret`, found `\(text)`", at: node)
        return nil
    }

    private static func proxy(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> ProxyRoute? {
        guard let text = node.text(problems) else { return nil }
        let isReference = SecretReference.isOne(text)
        guard let address = isReference ? node.secret(problems)?.reveal() : text else { return nil }
        do {
            let proxy = try ProxyAddress(address)
            guard isReference || (proxy.password?.reveal() ?? "").isEmpty else {
                problems.add(
                    "passwords must not be written into this file: use `file:/path` or `${NAME}`",
                    at: node
                )
                return nil
            }
            return ProxyRoute(configured: proxy)
        } catch {
            problems.add("Invalid proxy address: \(error)", at: node)
            return nil
        }
    }
}
