import Foundation
package import SpoolSinks

/// A destination as it was typed.
package enum DestinationText {
    package typealias Fault = AdHocDestination.Fault

    /// Its paths made absolute: they were meant from where the command was typed, and the daemon has a folder of
    /// its own.
    package static func absolute(_ text: String) throws(Fault) -> String {
        try AdHocDestination(text).text(relativeTo: FileManager.default.currentDirectoryPath)
    }
}
