/// What a record is about.
package enum EventKind: Int, Sendable, Codable, CaseIterable {
    case activity = 1
    case alert = 2

    /// The word used in the spool's views and in commands.
    package var name: String {
        switch self {
        case .activity: "activity"
        case .alert: "alert"
        }
    }
}

/// A record as it is parsed once, when it is fetched: everything from which lines are rendered (`design:
/// event`).
///
/// Texts are the source's own, unescaped and uncut; a missing one is empty. The raw bytes are kept
/// separately.
package struct Event: Sendable, Equatable {
    /// The version of the record parser; rows with a smaller `event.derived` are parsed again from their raw
    /// record.
    ///
    /// 2: `ip` is a bare address, `appID` contains only positive numbers, and alerts of Cloud Discovery have
    /// their user, address and app; records that only a lenient decoder accepts as JSON are marked
    /// (`isJSON`).
    package static let reading = 2

    /// The source's id, or a key derived from the content when `isReadable` is false.
    ///
    /// Unique within its stream.
    package var externalID: String
    package var kind: EventKind
    /// False when the record could not be parsed: it has no id, or values of unexpected types.
    ///
    /// It is kept and sent nevertheless.
    package var isReadable: Bool
    /// False when the record could be parsed although it is not valid JSON: SQLite's JSON functions cannot
    /// read it.
    package var isJSON = true
    /// When it occurred.
    package var occurred: Timestamp
    /// When the source recorded it; for alerts, which have no such time, the same as `occurred`.
    package var created: Timestamp
    /// 0 low, 1 medium, 2 high, 3 informational (alerts' `severityValue`); nil where the record has none.
    package var severity: Int?
    /// The CEF class: `EVENT_CATEGORY_*` or `ALERT_*`.
    package var category = ""
    /// The CEF name: the activity type as the portal shows it, or the alert's policy or title.
    package var action = ""
    /// The description.
    package var message = ""
    package var userName = ""
    package var appName = ""
    /// App ids, positive numbers joined by commas, in the record's order.
    package var appID = ""
    /// The client's address: a bare IPv4 or IPv6 address, or empty.
    package var ip = ""
    package var country = ""
    package var userAgent = ""
    /// Target objects (activities) or related activities (alerts), joined by commas, empty ones kept.
    package var objects = ""
    /// Ids of matched policies, joined by commas.
    package var policies = ""
    /// The portal's link to the record, if the record contains one.
    package var link = ""

    package init(
        externalID: String,
        kind: EventKind,
        isReadable: Bool = true,
        occurred: Timestamp,
        created: Timestamp
    ) {
        self.externalID = externalID
        self.kind = kind
        self.isReadable = isReadable
        self.occurred = occurred
        self.created = created
    }
}
