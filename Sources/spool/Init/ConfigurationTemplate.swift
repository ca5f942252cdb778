/// The installed example configuration, filled in with the operator's values.
struct ConfigurationTemplate {
    private(set) var text = String(decoding: PackageResources.spool_yaml, as: UTF8.self)

    /// Sets the portal and names the source after its tenant.
    mutating func setPortal(_ url: String, name: String) {
        replace("https://contoso.us2.portal.cloudappsecurity.com", with: url)
        replace("- name: contoso", with: "- name: \(name)")
        replace("[contoso/activities, contoso/alerts]", with: "[\(name)/activities, \(name)/alerts]")
    }

    mutating func setToken(file: String) {
        replace("file:/etc/spool/token", with: Self.scalar("file:" + file))
    }

    mutating func setSpool(path: String) {
        replace("path: /var/lib/spool/spool.db", with: "path: \(Self.scalar(path))")
    }

    mutating func setProxy(_ address: String) {
        replace("#proxy: http://proxy.example:3128", with: "proxy: http://\(address)")
    }

    mutating func setSink(address: String, transport: String) {
        replace("siem.example:6514", with: address)
        replace("transport: tls", with: "transport: \(transport)")
    }

    mutating func setAgentVersion(_ version: String) {
        replace("#cef: { agent_version: 0.298.168,", with: "cef: { agent_version: \(version),")
    }

    private mutating func replace(_ old: String, with new: String) {
        text = text.replacing(old, with: new, maxReplacements: 1)
    }

    /// The text as a YAML scalar, quoted where a plain scalar could be misread (YAML 1.2 §7.3.3).
    private static func scalar(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/:._-".contains($0)) }
        if isPlain { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
