/// The name of an activity as the portal shows it ("Run command"), which no field of the record holds.
///
/// Receivers match on it, so the rule is fixed:
/// 1. where `description_metadata.colon` says that the description is a name, that text and an object, it is
///    what stands before the first such text ("Run command: task …");
/// 2. else `description_metadata.event_category`, where the record has one ("Failed log on");
/// 3. else the readable form of `eventTypeName` (`EVENT_CATEGORY_LOGOUT` → "Log out"), with
///    " (impersonated)" if the description goes on like that.
enum ActivityName {
    static let unspecified = "EVENT_CATEGORY_UNSPECIFIED"

    /// A name and the text behind it are looked for in this many characters: a search takes the product of both lengths.
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

    /// The vendor's own lines show these three with a space that the constant lacks.
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
