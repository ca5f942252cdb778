/// Exit codes of every command; people and scripts rely on them.
package enum ExitStatus: Int32, Sendable {
    case done = 0
    /// `verify` or `doctor` found a problem.
    case problemFound = 1
    /// Wrong use or wrong configuration.
    case wrongUse = 2
    /// A source, a sink or the daemon cannot be reached.
    case cannotReach = 3
    /// The spool is locked, damaged, of a newer version, or its disk is full.
    case spoolUnavailable = 4
    /// Some events stay undelivered.
    case undelivered = 5
    /// Shut down after too many critical errors.
    case tooManyErrors = 6
    /// Standard output could not be written: what was printed is incomplete.
    case outputFailed = 7
}
