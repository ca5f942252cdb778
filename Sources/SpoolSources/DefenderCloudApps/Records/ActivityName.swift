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
