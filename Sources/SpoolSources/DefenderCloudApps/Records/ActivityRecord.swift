import SpoolCore

/// The fields of an activity that are used in lines.
///
/// learn.microsoft.com/defender-cloud-apps/api-activities; lines contain them where the retired agent's lines
/// did.
struct ActivityRecord: Decodable {
    /// Required, like one of the two times.
    var _id: String?
    var timestamp: Lenient.Number?
    var created: Lenient.Number?
    var eventTypeName: Lenient.Text?
    var description: Lenient.Text?
    var description_metadata: Lenient.Maybe<DescriptionMetadata>?
    var user: Lenient.Maybe<User>?
    var appName: Lenient.Text?
    var appId: Lenient.Text?
    var saasId: Lenient.Text?
    var device: Lenient.Maybe<Device>?
    var location: Lenient.Maybe<Location>?
    var mainInfo: Lenient.Maybe<MainInfo>?

    struct DescriptionMetadata: Decodable {
        var colon: Lenient.Text?
        var event_category: Lenient.Text?
    }

    struct User: Decodable {
        var userName: Lenient.Text?
    }

    struct Device: Decodable {
        var clientIP: Lenient.Text?
        var userAgent: Lenient.Text?
        var countryCode: Lenient.Text?
    }

    struct Location: Decodable {
        var countryCode: Lenient.Text?
    }

    struct MainInfo: Decodable {
        var eventObjects: Lenient.List<EventObject>?
    }

    struct EventObject: Decodable {
        var name: Lenient.Text?
    }

    /// The time at which it was saved, as received, by which activities are read; a record may lack it.
    var basis: Timestamp? { created?.value.flatMap(RecordTime.init)?.told }

    /// The event for this record; nil without an id or a time.
    func event() -> Event? {
        let happened = timestamp?.value.flatMap(RecordTime.init)
        let saved = created?.value.flatMap(RecordTime.init)
        guard let _id, RecordIdentity.isID(_id), let occurred = happened ?? saved,
            let created = saved ?? happened
        else {
            return nil
        }
        var event = Event(
            externalID: _id,
            kind: .activity,
            occurred: occurred.timestamp,
            created: created.timestamp
        )
        event.category = eventTypeName?.value ?? ""
        if event.category.isEmpty { event.category = ActivityName.unspecified }
        event.message = description?.value ?? ""
        event.action = ActivityName.name(
            category: event.category,
            description: event.message,
            colon: description_metadata?.value?.colon?.value ?? "",
            eventCategory: description_metadata?.value?.event_category?.value ?? ""
        )
        event.userName = user?.value?.userName?.value ?? ""
        event.appName = appName?.value ?? ""
        event.appID = AppID.text(appId?.value) ?? AppID.text(saasId?.value) ?? ""
        event.ip = ClientAddress.bare(device?.value?.clientIP?.value ?? "")
        event.userAgent = device?.value?.userAgent?.value ?? ""
        event.country = device?.value?.countryCode?.value ?? location?.value?.countryCode?.value ?? ""
        event.objects = (mainInfo?.value?.eventObjects?.values ?? [])
            .map { $0?.name?.value ?? "" }
            .joined(separator: ",")
        return event
    }
}

/// The name of an activity as the portal shows it ("Run command"); no field of the record contains it.
///
/// Receivers match on it, so the rule is fixed:
/// 1. if `description_metadata.colon` says that the description consists of a name, that text and an object:
///    the text before its first occurrence ("Run command: task …");
/// 2. otherwise `description_metadata.event_category`, if the record has one ("Failed log on");
/// 3. otherwise the readable form of `eventTypeName` (`EVENT_CATEGORY_LOGOUT` → "Log out"), with "
///    (impersonated)" if the description continues with it.
enum ActivityName {
    static let unspecified = "EVENT_CATEGORY_UNSPECIFIED"

    /// The search for name and separator is limited to this many characters: its cost is the product of both
    /// lengths.
    private static let looked = 1_024

    static func name(category: String, description: String, colon: String, eventCategory: String) -> String {
        let description = description.prefix(looked)
        let colon = colon.prefix(16)
        if colon.contains(":"), let end = description.firstRange(of: colon)?.lowerBound,
            end > description.startIndex
        {
            return String(description[..<end])
        }
        if !eventCategory.isEmpty { return eventCategory }
        let name = readable(category)
        let impersonated = name + " (impersonated)"
        return description.hasPrefix(impersonated) ? impersonated : name
    }

    /// The vendor's own lines show these three with a space that the constant does not have.
    private static let spellings = [
        "EVENT_CATEGORY_LOGIN": "Log on", "EVENT_CATEGORY_LOGOUT": "Log out",
        "EVENT_CATEGORY_FAILED_LOGIN": "Failed log on",
    ]

    private static func readable(_ category: String) -> String {
        if let spelling = spellings[category] { return spelling }
        let prefix = "EVENT_CATEGORY_"
        guard category.hasPrefix(prefix), category.count > prefix.count else { return category }
        let words = category.dropFirst(prefix.count).lowercased().replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}
