import Foundation
package import SpoolControl
import SpoolCore

extension SpoolHolder {
    /// This process.
    package static func current(_ role: Role, command: String) -> SpoolHolder {
        SpoolHolder(
            role: role,
            pid: ProcessInfo.processInfo.processIdentifier,
            command: command,
            version: ProgramVersion.number
        )
    }
}
