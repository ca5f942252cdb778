/// Exit codes of all commands; scripts rely on them.
package enum ExitStatus: Int32, Sendable {
    case done = 0
    /// `verify` or `doctor` found a problem.
    case problemFound = 1
    /// Usage or configuration error.
    case wrongUse = 2
    /// A source, a sink or the daemon cannot be reached.
    case cannotReach = 3
    /// The spool is locked, damaged, of a newer version, or its disk is full.
    case spoolUnavailable = 4
    /// Some events were not delivered.
    case undelivered = 5
    /// Shut down after too many critical errors.
    case tooManyErrors = 6
    /// Standard output could not be written: the printed output is incomplete.
    case outputFailed = 7
}
