package import SpoolControl
import SpoolCore

/// The text of the notification about a refused reload, and what a text holds.
///
/// `spool status` reads the spool alone, and finds time and cause of the refusal in its notification.
package enum ReloadNotice {
    private static let beginning = "The reload at "
    private static let middle = " failed, and the daemon keeps the previous configuration: "
    private static let remedy = " Correct the file, test it with `spool check`, and reload again."

    static func text(of refusal: Reloads.Refusal) -> String {
        "\(beginning)\(refusal.at)\(middle)\(Sentence.ended(refusal.cause))\(remedy)"
    }

    /// The refusal that a notification tells of; nil for any other notification.
    ///
    /// A text of another version is its own cause.
    package static func refusal(in notification: NotificationStatus) -> RefusedReload? {
        guard notification.code == RuleCode.reloadRefused.rawValue else { return nil }
        let text = notification.message
        guard text.hasPrefix(beginning), text.hasSuffix(remedy), let parting = text.firstRange(of: middle),
            let at = Timestamp(rfc3339: String(text[..<parting.lowerBound].dropFirst(beginning.count)))
        else { return RefusedReload(at: notification.at, cause: text) }
        return RefusedReload(at: at, cause: String(text[parting.upperBound...].dropLast(remedy.count)))
    }
}
