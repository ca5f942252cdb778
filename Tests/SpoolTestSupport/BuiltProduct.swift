import Foundation

/// Programs of this package, as built for the test run.
package enum BuiltProduct {
    /// The path of `spool`.
    ///
    /// SwiftPM puts products beside the test bundle. A test target must depend on `spool`, or the binary may be stale.
    package static var spool: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("spool").path
    }
}
