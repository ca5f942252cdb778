package import SpoolCore
import Synchronization

/// Secrets from the environment, from files and from systemd's credentials.
///
/// Every lookup reads again, so that a reload picks up a rotated secret.
package final class SystemSecrets: SecretLookup {
    private static let sizeLimit = 64 << 10

    private let environment: [String: String]
    private let found = Mutex<[String]>([])

    package init(environment: [String: String]) { self.environment = environment }

    /// Warnings about secret files that every user can read, each file once.
    package var warnings: [String] { found.withLock { $0 } }

    package func resolve(_ reference: String) throws(SecretFault) -> Secret {
        if reference.hasPrefix("${") { return try variable(reference) }
        if let path = reference.removing(prefix: "file:") { return try file(path, named: path) }
        if let name = reference.removing(prefix: "credential:") { return try credential(name) }
        throw SecretFault("write a secret as `file:/path`, `credential:NAME` or `${NAME}`")
    }

    /// True for a systemd credential in a process that was given none.
    func isOutOfReach(_ reference: String) -> Bool {
        reference.hasPrefix("credential:") && (environment["CREDENTIALS_DIRECTORY"] ?? "").isEmpty
    }

    private func variable(_ reference: String) throws(SecretFault) -> Secret {
        let name = reference.dropFirst(2).dropLast()
        let isName = name.utf8.allSatisfy { $0 == 0x5F || ($0 | 0x20).isLetter || (0x30...0x39).contains($0) }
        guard reference.hasSuffix("}"), !name.isEmpty, isName else {
            throw SecretFault("expected `${NAME}` with the name of an environment variable and nothing else")
        }
        guard let value = environment[String(name)] else {
            throw SecretFault("the environment variable `\(name)` is not set")
        }
        return try checked(value, "the environment variable `\(name)`")
    }

    private func credential(_ name: String) throws(SecretFault) -> Secret {
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw SecretFault(
                "`credential:` must be followed by the name of a systemd credential, without a path"
            )
        }
        guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else {
            throw SecretFault(
                "systemd passes this credential only to the daemon, whose unit has "
                    + "`LoadCredential=\(name):/path`; for a command use "
                    + "`systemd-run --pipe --wait -p LoadCredential=\(name):/path spool …`"
            )
        }
        return try file(folder + "/" + name, named: "the systemd credential `\(name)`", warns: false)
    }

    private func file(_ path: String, named name: String, warns: Bool = true) throws(SecretFault) -> Secret {
        guard !path.isEmpty else { throw SecretFault("`file:` must be followed by the path of a file") }
        let contents: SmallFile
        do {
            contents = try SmallFile.read(path, limit: Self.sizeLimit)
        } catch {
            throw SecretFault("cannot read \(name): \(error)")
        }
        guard let text = contents.text else { throw SecretFault("\(name) is not UTF-8 text") }
        let secret = try checked(text, name)
        if warns, contents.isWorldReadable {
            let warning = "\(path) contains a secret and is readable by every user; run `chmod o-r \(path)`"
            found.withLock { if !$0.contains(warning) { $0.append(warning) } }
        }
        return secret
    }

    /// The secret without the trailing line ends that editors and `echo` append.
    ///
    /// A line break inside would end a header early, or means that the wrong file was named.
    private func checked(_ text: String, _ name: String) throws(SecretFault) -> Secret {
        var value = Substring(text)
        while let last = value.last, last.isNewline { value.removeLast() }
        guard !value.allSatisfy(\.isWhitespace) else { throw SecretFault("\(name) is empty") }
        guard !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw SecretFault(
                "\(name) contains more than one line or control characters; a secret is a single line"
            )
        }
        return Secret(String(value))
    }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

extension UInt8 {
    /// True for a lower-case ASCII letter.
    fileprivate var isLetter: Bool { (0x61...0x7A).contains(self) }
}
