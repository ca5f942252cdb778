import Foundation
package import SpoolSinks

/// An ad-hoc destination as given on the command line.
package enum DestinationText {
    package typealias Fault = AdHocDestination.Fault

    /// The destination with absolute paths: relative paths refer to the command's working directory, and the
    /// daemon has a different one.
    package static func absolute(_ text: String) throws(Fault) -> String {
        try AdHocDestination(text).text(relativeTo: FileManager.default.currentDirectoryPath)
    }
}
