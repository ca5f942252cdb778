import Foundation

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
