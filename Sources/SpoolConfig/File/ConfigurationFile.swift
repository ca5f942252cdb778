package import SpoolCore

/// A parsed configuration file: its text and its tree of values with their positions.
package struct ConfigurationFile: Sendable {
    /// Its path as the operator gave it, for messages.
    package let path: String
    package let text: String
    package let root: ConfigurationNode

    /// Parses YAML.
    ///
    /// - Throws: `.invalid` with every problem found in the YAML itself; a syntax error hides what follows
    ///   it.
    package static func parse(
        text: String,
        path: String,
        secrets: any SecretLookup
    ) throws(ConfigurationFault) -> ConfigurationFile {
        let problems = ConfigurationProblems()
        // A byte order mark from an editor is not part of the first key.
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        guard let root = YAMLTree(secrets: secrets, problems: problems).root(of: text), problems.isEmpty
        else {
            throw .invalid(path: path, text: text, problems: problems.list)
        }
        return ConfigurationFile(path: path, text: text, root: root)
    }

    /// Reads and parses a file.
    ///
    /// - Throws: `.unreadable`, or what `parse` throws.
    package static func read(path: String, secrets: any SecretLookup) throws(ConfigurationFault)
        -> ConfigurationFile
    {
        let contents: SmallFile
        do {
            contents = try SmallFile.read(path, limit: 4 << 20)
        } catch {
            throw .unreadable("cannot read the configuration file \(path): \(error)")
        }
        guard let text = contents.text else {
            throw .unreadable("the configuration file \(path) is not UTF-8 text; save it as UTF-8")
        }
        return try parse(text: text, path: path, secrets: secrets)
    }

    /// Reads settings from the tree; all problems that `read` finds are thrown together.
    ///
    /// - Throws: `.invalid` when a problem was added or `read` returned nil.
    package func settings<Settings>(
        _ read: (ConfigurationNode, ConfigurationProblems) -> Settings?
    ) throws(ConfigurationFault) -> Settings {
        let problems = ConfigurationProblems()
        guard let settings = read(root, problems), problems.isEmpty else {
            throw .invalid(path: path, text: text, problems: problems.list)
        }
        return settings
    }
}
