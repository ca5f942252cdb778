import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// Why a command failed: the message to show and the exit code.
struct CommandFailure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }

    init(_ fault: ConfigurationFault) { self.init(.wrongUse, fault.description) }

    init(_ error: StoreError) {
        self.init(error.kind == .invalid ? .wrongUse : .spoolUnavailable, "spool: \(error.description)")
    }

    /// Runs `body` and maps each known error to its exit code.
    static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as ConfigurationFault {
            throw CommandFailure(error)
        } catch let error as StoreError {
            throw CommandFailure(error)
        } catch let fault as ControlFault {
            throw CommandFailure(fault.exitStatus, "spool: \(fault)")
        } catch let error as TooManyCriticalErrors {
            throw CommandFailure(.tooManyErrors, "spool: \(error.description)")
        }
    }
}
