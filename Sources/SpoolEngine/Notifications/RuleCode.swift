/// The codes of the notifications that `NotificationRules` makes, and that `NotificationLoop` clears.
///
/// Others are raised by the spool itself, in the transaction of what they tell of; whoever raises one clears it.
/// Words of the old agent are kept where it had them, so that run-books go on working.
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

    /// The codes of what keeps a sink from settling anything.
    static let ofOutage: Set<RuleCode> = [
        connectionError, agentError, sendError, notificationError, sinkHeld,
    ]

    /// The codes of what makes fetching stand still.
    package static let pausing = Set([diskFull, spoolFull].map(\.rawValue))
}
