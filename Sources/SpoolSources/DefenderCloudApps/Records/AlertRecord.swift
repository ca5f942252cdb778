import SpoolCore

/// The fields of an alert that are used in lines.
///
/// learn.microsoft.com/defender-cloud-apps/api-alerts; lines contain them where the retired agent's lines
/// did.
struct AlertRecord: Decodable {
    /// Required, like the time.
    var _id: String?
    var timestamp: Lenient.Number?
    var title: Lenient.Text?
    var description: Lenient.Text?
    var idValue: Lenient.Number?
    var severityValue: Lenient.Number?
    var entities: Lenient.List<Entity>?
    var policy: Lenient.Maybe<Entity>?
    var audits: Lenient.List<Lenient.Text>?
    var URL: Lenient.Text?

    struct Entity: Decodable {
        var type: Lenient.Text?
        var id: Lenient.Text?
        var label: Lenient.Text?
        var pa: Lenient.Text?
        var em: Lenient.Text?
        var entityRole: Lenient.Text?
        var triggeredAlert: Lenient.Maybe<Bool>?
    }

    /// The time at which it was raised, as received; alerts are read by it.
    var basis: Timestamp? { timestamp?.value.flatMap(RecordTime.init)?.told }

    /// The event for this record; nil without an id or a time.
    func event() -> Event? {
        guard let _id, RecordIdentity.isID(_id),
            let time = timestamp?.value.flatMap(RecordTime.init)?.timestamp
        else {
            return nil
        }
        var event = Event(externalID: _id, kind: .alert, occurred: time, created: time)
        // Other numbers occur in practice; they have no defined meaning and are kept only in the raw record.
        event.severity = severityValue?.value.flatMap { (0...3).contains($0) ? Int($0) : nil }
        event.category = AlertType.name(idValue?.value)
        event.message = description?.value ?? ""
        let rules = policyRules
        event.action = rules.lazy.compactMap(\.label?.value).first { !$0.isEmpty } ?? title?.value ?? ""
        event.policies = rules.compactMap(\.id?.value).joined(separator: ",")
        event.userName = userName
        let services = services
        event.appName = services.compactMap(\.label?.value).joined(separator: ",")
        event.appID = services.compactMap { AppID.text($0.id?.value) }.joined(separator: ",")
        event.ip = address
        event.country = entities(of: "country").first?.id?.value ?? ""
        event.objects = (audits?.values ?? []).map { $0?.value ?? "" }.joined(separator: ",")
        event.link = URL?.value ?? ""
        return event
    }

    private func entities(of type: String) -> [Entity] {
        (entities?.values ?? []).compactMap { $0 }.filter { $0.type?.value == type }
    }

    /// Older records contain the policy in a separate field.
    private var policyRules: [Entity] {
        let rules = entities(of: "policyRule")
        return rules.isEmpty ? [policy?.value].compactMap { $0 } : rules
    }

    /// Cloud Discovery alerts use their own entity types.
    private var services: [Entity] {
        let services = entities(of: "service")
        return services.isEmpty ? entities(of: "discovery_service") : services
    }

    /// The name from the user entity, an account's principal or address, or the label of a Cloud Discovery
    /// user.
    private var userName: String {
        if let user = entities(of: "user").first, let name = user.id?.value ?? user.label?.value,
            !name.isEmpty
        {
            return name
        }
        let accounts = entities(of: "account")
        let account = accounts.first { $0.entityRole?.value == "Source" } ?? accounts.first
        let discovered = entities(of: "discovery_user").first
        return [account?.pa, account?.em, account?.label, discovered?.label, discovered?.id].lazy
            .compactMap { $0?.value }
            .first { !$0.isEmpty } ?? ""
    }

    /// The address that triggered the alert, or otherwise the first address.
    private var address: String {
        let addresses = entities(of: "ip")
        let ordered =
            addresses.filter { $0.triggeredAlert?.value == true }
            + addresses.filter { $0.triggeredAlert?.value != true } + entities(of: "discovery_ip")
        return ordered.lazy
            .flatMap { [$0.id?.value, $0.label?.value] }
            .map { ClientAddress.bare($0 ?? "") }
            .first { !$0.isEmpty } ?? ""
    }
}

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
