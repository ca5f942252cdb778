/// Parses the id of an app.
enum AppID {
    /// The number in canonical form; nil unless it is a positive whole number: 0 and -1 mean that the portal
    /// knows no app.
    static func text(_ value: String?) -> String? {
        guard let value, let number = Int64(value), number > 0 else { return nil }
        return String(number)
    }
}
