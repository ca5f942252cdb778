/// The retired agent's names of alert types, by their number in the API.
enum AlertType {
    /// Numbers and names are from the vendor's PowerShell module (microsoft/MCAS, 2016); that of impossible
    /// travel is from the category of such alerts in Microsoft Graph (`MCAS_ALERT_ANUBIS_…`).
    private static let names: [Int64: String] = [
        196_608: "ALERT_GEOLOCATION_NEW_COUNTRY",
        14_680_070: "ALERT_ADMIN_USER",
        14_680_083: "ALERT_SUSPICIOUS_ACTIVITY",
        15_728_641: "ALERT_CABINET_EVENT_MATCH_AUDIT",
        15_728_642: "ALERT_CABINET_EVENT_MATCH_FILE",
        15_794_945: "ALERT_MANAGEMENT_DISCONNECTED_API",
        15_859_716: "ALERT_ANUBIS_DETECTION_VELOCITY",
    ]

    /// The name, or `ALERT_` and the number, which is constant for a type, so that receivers can match on it.
    static func name(_ number: Int64?) -> String {
        guard let number else { return "ALERT_UNSPECIFIED" }
        return names[number] ?? "ALERT_\(number)"
    }
}
