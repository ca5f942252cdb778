import Foundation

/// What libdispatch writes to the system's log by itself.
enum DispatchLog {
    /// Keeps it from writing there, unless `LIBDISPATCH_LOG` says otherwise.
    ///
    /// It begins its threads by asking for a little more than their share of time, which only root may have, and logs
    /// every refusal: as a service's user that is a line every few seconds for as long as the service lives. Has to
    /// come before the first such thread.
    static func silence() { setenv("LIBDISPATCH_LOG", "NO", 0) }
}
