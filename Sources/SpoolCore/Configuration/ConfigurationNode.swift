/// A value of the configuration file with the place where it stands (1-based line and column).
///
/// Settings types read themselves from it (`ConfigurationMapping`), so that a new source or sink touches no
/// central list of keys.
package struct ConfigurationNode: Sendable {
    package indirect enum Value: Sendable {
        case scalar(String)
        case mapping([Entry])
        case sequence([ConfigurationNode])
        /// Nothing, `~` or `null`.
        case null
    }

    /// A key and what it holds.
    package struct Entry: Sendable {
        package let key: String
        /// Where the key stands.
        package let line: Int
        package let column: Int
        package let value: ConfigurationNode

        package init(key: String, line: Int, column: Int, value: ConfigurationNode) {
            self.key = key
            self.line = line
            self.column = column
            self.value = value
        }
    }

    package let value: Value
    package let line: Int
    package let column: Int
    /// Where `${NAME}`, `file:` and `credential:` references are looked up.
    package let secrets: any SecretLookup

    package init(value: Value, line: Int, column: Int, secrets: any SecretLookup) {
        self.value = value
        self.line = line
        self.column = column
        self.secrets = secrets
    }

    /// "a list", "a text", for messages.
    package var kind: String {
        switch value {
        case .scalar: "a single value"
        case .mapping: "a group of keys"
        case .sequence: "a list"
        case .null: "nothing"
        }
    }
}

/// How the file names a secret: as `${NAME}`, `file:PATH` or `credential:NAME`.
package enum SecretReference {
    /// True for a text that is one, rather than the value itself.
    package static func isOne(_ text: String) -> Bool {
        text.hasPrefix("${") || text.hasPrefix("file:") || text.hasPrefix("credential:")
    }
}

/// Looks up what a reference to a secret stands for.
package protocol SecretLookup: Sendable {
    /// Resolves `${NAME}`, `file:PATH` or `credential:NAME`.
    ///
    /// - Throws: `SecretFault` with the reason; never with the secret.
    func resolve(_ reference: String) throws(SecretFault) -> Secret

    /// True when this process needs none of the files that the configuration names: keys and certificates that its
    /// user may not read are no problem then.
    var isSparing: Bool { get }
}

extension SecretLookup {
    package var isSparing: Bool { false }
}

/// Why a secret is not to be had.
package struct SecretFault: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
