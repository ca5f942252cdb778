import Foundation

/// Programs of this package, as built for the test run.
package enum BuiltProduct {
    /// The path of `spool`.
    ///
    /// SwiftPM puts products in the folder of the test bundle. A test target must depend on `spool`, or the
    /// binary may be outdated.
    package static var spool: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("spool").path
    }
}
