package import SpoolControl
package import SpoolCore

/// Formats and parses the text of the notification about a refused reload.
///
/// `spool status` reads only the spool, and takes time and cause of the refusal from the notification.
package enum ReloadNotice {
    private static let beginning = "The reload at "
    private static let middle = " failed, and the daemon keeps the previous configuration: "
    private static let remedy = " Correct the file, test it with `spool check`, and reload again."

    static func text(of refusal: Reloads.Refusal) -> String {
        "\(beginning)\(refusal.at)\(middle)\(Sentence.ended(refusal.cause))\(remedy)"
    }

    /// The refusal that a notification reports; nil for any other notification.
    ///
    /// A text written by another version is returned whole as the cause.
    package static func refusal(in notification: SpoolNotification) -> RefusedReload? {
        guard notification.code == RuleCode.reloadRefused.rawValue else { return nil }
        let text = notification.message
        guard text.hasPrefix(beginning), text.hasSuffix(remedy), let parting = text.firstRange(of: middle),
            let at = Timestamp(rfc3339: String(text[..<parting.lowerBound].dropFirst(beginning.count)))
        else { return RefusedReload(at: notification.at, cause: text) }
        return RefusedReload(at: at, cause: String(text[parting.upperBound...].dropLast(remedy.count)))
    }
}
