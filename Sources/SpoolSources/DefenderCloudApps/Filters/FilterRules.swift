import SpoolCore

/// The supported filters of a stream: those of the old agent's wizard, under the API's names.
///
/// learn.microsoft.com/defender-cloud-apps/api-activities and api-alerts, "Filters"; where the documented
/// name of a filter differs from the name that works, both are accepted.
enum FilterRules {
    /// The fetch loop filters by these times itself; a configured filter on them would hide records from it.
    static let reserved = ["date", "created"]

    static func rules(for kind: EventKind) -> [FilterRule] {
        switch kind {
        case .activity: activities
        case .alert: alerts
        }
    }

    private static let number = FilterRule.Values.integer(Int64(Int32.min)...Int64(Int32.max))

    private static let activities: [FilterRule] = [
        FilterRule("service", number, .eq, .neq),
        FilterRule("instance", number, .eq, .neq),
        FilterRule("activity.id", .text, .eq),
        FilterRule("activity.eventActionType", .text, .eq, .neq),
        FilterRule("activity.eventType", .text, .eq, .neq),
        FilterRule("actionType", .text, .contains, .eq, .neq, .isset, .isnotset),
        FilterRule("activity.actionType", .text, .contains, .eq, .neq, .isset, .isnotset),
        FilterRule("activity.type", .flag, .eq),
        FilterRule("activity.impersonated", .flag, .eq),
        FilterRule("activity.takenAction", takenActions, .eq, .neq),
        FilterRule("activity.alertId", .text, .eq),
        FilterRule("activityObject", .text, .eq, .neq),
        FilterRule("device.type", .words(["DESKTOP", "MOBILE", "TABLET", "OTHER"]), .eq, .neq),
        FilterRule("device.tags", .text, .eq, .neq),
        FilterRule("userAgent.userAgent", .text, .contains, .ncontains),
        FilterRule("userAgent.tags", .text, .eq, .neq),
        FilterRule("location.country", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("location.organizations", .text, .eq, .neq, .isset, .isnotset, .contains),
        FilterRule("ip.address", .text, .eq, .neq, .startswith, .doesnotstartwith, .isset, .isnotset),
        FilterRule("ip.category", .integer(0...6), .eq, .neq),
        FilterRule("ip.tags", .text, .eq, .neq),
        FilterRule("user.username", .text, .eq, .neq, .isset, .isnotset, .startswith),
        FilterRule("user.domain", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("user.orgUnit", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("user.tags", .any, .eq, .neq, .isset, .isnotset, .startswith),
        FilterRule("entity", .any, .eq, .neq, .isset, .isnotset, .startswith),
        FilterRule("policy", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("source", .any, .eq, .neq),
        FilterRule("text", .text, .eq, .startswithsingle, .text),
        FilterRule("fileSelector", .text, .eq, .neq),
        FilterRule("fileId", .text, .eq, .neq),
        FilterRule("fileLabels", .text, .eq),
        FilterRule("office365url", .text, .eq, .neq, .startswith, .endswith),
    ]

    private static let takenActions = FilterRule.Values.words([
        "block", "proxy", "BypassProxy", "encrypt", "decrypt", "verified", "encryptionFailed", "protect",
        "verify",
    ])

    private static let alerts: [FilterRule] = [
        FilterRule("resolutionDate", .timestamp, .lte, .gte, .range),
        FilterRule("severity", .integer(0...3), .eq, .neq),
        FilterRule("resolutionStatus", .integer(0...5), .eq, .neq),
        FilterRule("alertOpen", .flag, .eq),
        FilterRule("read", .flag, .eq),
        FilterRule("risk", number, .eq, .neq),
        FilterRule("alertType", number, .eq, .neq),
        FilterRule("id", .text, .eq, .neq),
        FilterRule("source", .any, .eq),
        FilterRule("entity.entity", .any, .eq, .neq),
        FilterRule("entity.ip", .text, .eq, .neq),
        FilterRule("entity.service", number, .eq, .neq),
        FilterRule("entity.instance", number, .eq, .neq),
        FilterRule("entity.policy", .any, .eq, .neq),
        FilterRule("entity.file", .any, .eq, .neq),
        FilterRule("entity.user", .any, .eq, .neq),
    ]
}
