/// A value of the configuration file with its position (1-based line and column).
///
/// Settings types read themselves from it (`ConfigurationMapping`), so that a new source or sink needs no
/// change to a central list of keys.
package struct ConfigurationNode: Sendable {
    package indirect enum Value: Sendable {
        case scalar(String)
        case mapping([Entry])
        case sequence([ConfigurationNode])
        /// Nothing, `~` or `null`.
        case null
    }

    /// A key and its value.
    package struct Entry: Sendable {
        package let key: String
        /// The position of the key.
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

    /// The kind of value for messages, such as "a list".
    package var kind: String {
        switch value {
        case .scalar: "a single value"
        case .mapping: "a group of keys"
        case .sequence: "a list"
        case .null: "nothing"
        }
    }
}

/// A reference to a secret in the file: `${NAME}`, `file:PATH` or `credential:NAME`.
package enum SecretReference {
    /// True for a text that is a reference, rather than the secret itself.
    package static func isOne(_ text: String) -> Bool {
        text.hasPrefix("${") || text.hasPrefix("file:") || text.hasPrefix("credential:")
    }
}

/// Resolves references to secrets.
package protocol SecretLookup: Sendable {
    /// Resolves `${NAME}`, `file:PATH` or `credential:NAME`.
    ///
    /// - Throws: `SecretFault` with the reason; never with the secret.
    func resolve(_ reference: String) throws(SecretFault) -> Secret

    /// True when this process needs none of the files named in the configuration: keys and certificates that
    /// its user may not read are then not reported as problems.
    var isSparing: Bool { get }
}

extension SecretLookup {
    package var isSparing: Bool { false }
}

/// Why a secret is unavailable.
package struct SecretFault: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
