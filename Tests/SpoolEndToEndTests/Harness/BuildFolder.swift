import Foundation
import SpoolTestSupport

/// The folder of the build products, also used for files that are kept between runs.
enum BuildFolder {
    static var path: String {
        URL(fileURLWithPath: BuiltProduct.spool).deletingLastPathComponent().path
    }
}
