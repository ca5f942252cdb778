import Foundation

/// Finds the configuration file.
package enum ConfigurationLocation {
    /// Where it is looked for when nobody names one, in this order.
    package static let usual = ["./spool.yaml", "/etc/spool/spool.yaml"]

    /// The path given with `--config`, else `SPOOL_CONFIG`, else the first of the usual places that has a file.
    ///
    /// A path that was named is taken as it is, whether there is a file or not: the wrong one is never read in
    /// its place.
    ///
    /// - Throws: `.missing` when nothing is named and no usual place has one.
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
