/// The codes of the notifications that `NotificationRules` derives and `NotificationLoop` raises and clears.
///
/// Other codes are raised by the spool itself, in the transaction that they report; the code that raises one
/// also clears it. The retired agent's words are kept where it had them, so that existing run-books still
/// apply.
package enum RuleCode: String, Sendable, CaseIterable {
    case invalidToken = "Invalid token"
    case invalidProxy = "Invalid proxy address"
    case sourceNotAnswering = "Source not answering"
    case streamSilent = "Stream silent"
    case sweepLags = "Sweep lags"
    case connectionError = "Data server connection error"
    case sendError = "Data server send error"
    case notificationError = "SIEM agent notification error"
    case agentError = "SIEM agent error"
    case unproved = "Delivery not proved"
    case sinkHeld = "Sink held"
    case sinkNeedsStart = "Sink needs start"
    case deadLetters = "Dead letters"
    case internalError = "Internal error"
    case spoolNearlyFull = "Spool nearly full"
    case spoolFull = "Spool full"
    case diskFull = "Disk full"
    case reloadRefused = "Configuration not reloaded"
    case auditOverdue = "Audit overdue"
    case longReader = "Reader holds the spool's log"
    case checkpointFails = "Checkpoint fails"

    /// The codes of problems that prevent a sink from settling anything.
    static let ofOutage: Set<RuleCode> = [
        connectionError, agentError, sendError, notificationError, sinkHeld,
    ]

    /// The codes of problems that pause fetching.
    package static let pausing = Set([diskFull, spoolFull].map(\.rawValue))
}
