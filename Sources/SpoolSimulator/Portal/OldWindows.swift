/// What the portal does with times more than 30 days ago, of which nobody has published how it does.
package enum OldWindows: Sendable {
    /// Answers them up to the retention of 180 days.
    case answered
    /// Answers nothing and says no word, as one user reported.
    case silentlyEmpty
    /// Refuses a window that begins there and is longer than a week.
    case limitedToAWeek
}
