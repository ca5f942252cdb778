import Foundation
import SpoolCore

/// Finds the configuration file.
package enum ConfigurationLocation {
    /// The default paths, in search order.
    package static let usual = ["./spool.yaml", "/etc/spool/spool.yaml"]

    /// The path given with `--config`, otherwise `SPOOL_CONFIG`, otherwise the first default path that has a
    /// file.
    ///
    /// A path that was named explicitly is used as it is, even if no file exists there: spool never falls
    /// back to another file.
    ///
    /// - Throws: `.missing` when no path is named and no default path has a file.
    package static func find(
        option: String?,
        environment: [String: String],
        exists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }
    ) throws(ConfigurationFault) -> String {
        if let option { return option }
        if let path = environment["SPOOL_CONFIG"], !path.isEmpty { return path }
        if let path = usual.first(where: exists) { return path }
        throw .missing(
            "no configuration file found at \(usual.joined(separator: " or ")); "
                + "create one with `spool init`, or specify one with --config FILE or SPOOL_CONFIG"
        )
    }
}

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
