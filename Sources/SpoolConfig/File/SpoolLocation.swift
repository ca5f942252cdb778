import SpoolCore

/// The path of the spool, read from a configuration file even if other parts of the file are invalid.
package enum SpoolLocation {
    /// `spool.path` of a file, or its default.
    ///
    /// Only the `spool:` group is parsed, so problems before and after it do not matter, not even YAML
    /// errors.
    ///
    /// - Returns: nil when the file cannot be read, or the group itself is invalid.
    package static func path(inFile path: String) -> String? {
        guard let text = (try? SmallFile.read(path, limit: 4 << 20))?.text else { return nil }
        return spoolPath(in: text)
    }

    static func spoolPath(in text: String) -> String? {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("spool:") }) else {
            return SpoolSettings().path
        }
        let isInside = { (line: Substring) in line.first.map { $0.isWhitespace || $0 == "#" } ?? true }
        let group = lines[begin...].prefix(1) + lines[(begin + 1)...].prefix(while: isInside)
        let problems = ConfigurationProblems()
        let tree = YAMLTree(secrets: SystemSecrets(environment: [:]), problems: problems)
        guard let root = tree.root(of: group.joined(separator: "\n")), problems.isEmpty,
            var top = ConfigurationMapping(root, problems: problems)
        else { return nil }
        // An empty group means all defaults.
        guard let node = top.take("spool") else { return SpoolSettings().path }
        guard var spool = ConfigurationMapping(node, problems: problems) else { return nil }
        guard let place = spool.take("path") else { return SpoolSettings().path }
        guard let path = place.text(problems), !path.isEmpty, !path.hasSuffix("/") else { return nil }
        return path
    }
}
