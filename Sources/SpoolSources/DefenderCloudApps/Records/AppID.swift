/// Reads the number of an app.
enum AppID {
    /// The number in its usual form; nil for anything but a positive whole number: 0 and -1 occur where the portal
    /// knows no app.
    static func text(_ value: String?) -> String? {
        guard let value, let number = Int64(value), number > 0 else { return nil }
        return String(number)
    }
}
