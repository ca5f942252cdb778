import Foundation
import SpoolTestSupport

/// The folder of what was built, for what may be kept between runs.
enum BuildFolder {
    static var path: String {
        URL(fileURLWithPath: BuiltProduct.spool).deletingLastPathComponent().path
    }
}
