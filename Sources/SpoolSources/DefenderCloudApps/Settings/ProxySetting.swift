import SpoolCore
import SpoolNetwork

/// Reads `proxy:`; without it, `HTTPS_PROXY` and `NO_PROXY` of the environment apply.
enum ProxySetting {
    static func route(
        _ node: ConfigurationNode?,
        source: ConfigurationNode,
        problems: ConfigurationProblems,
        environment: [String: String]
    ) -> ProxyRoute? {
        do {
            guard let node else { return try ProxyRoute(environment: environment) }
            guard let written = node.text(problems) else { return nil }
            let proxy = try ProxyAddress(try expanded(written, node.secrets))
            if hasPassword(written) {
                problems.add(
                    "passwords must not be written into this file: use "
                        + "`http://user:${PROXY_PASSWORD}@\(proxy)`",
                    at: node
                )
                return nil
            }
            return ProxyRoute(configured: proxy)
        } catch {
            problems.add(
                node == nil
                    ? "HTTPS_PROXY in the environment cannot be used: \(error)"
                    : "Invalid proxy address: \(error)",
                at: node ?? source
            )
            return nil
        }
    }

    /// True when the text itself contains a password instead of a reference to one.
    private static func hasPassword(_ text: String) -> Bool {
        guard let at = text.lastIndex(of: "@") else { return false }
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        guard start < at, let colon = text[start..<at].firstIndex(of: ":") else { return false }
        let password = text[text.index(after: colon)..<at]
        return !password.isEmpty && !password.hasPrefix("${")
    }

    /// Resolves `file:`, `credential:` and every `${NAME}` within the text.
    private static func expanded(
        _ text: String,
        _ secrets: any SecretLookup
    ) throws(AddressProblem) -> String {
        do throws(SecretFault) {
            if text.hasPrefix("file:") || text.hasPrefix("credential:") {
                return try secrets.resolve(text).reveal()
            }
            var result = ""
            var rest = text[...]
            while let start = rest.firstRange(of: "${"),
                let end = rest[start.upperBound...].firstIndex(of: "}")
            {
                result += rest[..<start.lowerBound]
                let value = try secrets.resolve(String(rest[start.lowerBound...end])).reveal()
                // The whole URL may be the secret; within a URL, a value must not be parsed as punctuation.
                result += start.lowerBound == text.startIndex ? value : FormText.encoded(value)
                rest = rest[rest.index(after: end)...]
            }
            return result + rest
        } catch {
            throw AddressProblem(error.description)
        }
    }
}
