/// The fields of a record that filters use.
struct RecordTraits: Sendable {
    var id: String?
    var services: [Int64] = []
    var category: String?
    var action: String?
    var user: String?
    var addresses: [String] = []
    var countries: [String] = []
    var userAgent: String?
    var severity: Int64?
    var alertType: Int64?
    var resolution: Int64?
}

extension RecordTraits {
    init(_ activity: ActivityTraits, id: String) {
        self.id = id
        // The smallest records have neither app, category nor client.
        guard activity.kind != .bare else { return }
        services = [activity.app.id]
        category = activity.category
        action = activity.operation
        user = activity.person?.account
        addresses = [activity.address].compactMap(\.self)
        countries = [activity.place?.country].compactMap(\.self)
        userAgent = activity.userAgent
    }

    init(_ alert: AlertTraits, id: String) {
        self.id = id
        services = alert.apps.map(\.id)
        user = alert.person?.account
        addresses = alert.addresses
        countries = alert.places.map(\.country)
        severity = alert.severity
        alertType = alert.type
        resolution = alert.resolution
    }

    /// Extracts the fields of a record that a test inserted; missing or unexpected ones are left out.
    init(_ record: JSONValue) {
        id = record["_id"]?.string
        services = [record["appId"]?.integer].compactMap(\.self)
        category = record["eventTypeName"]?.string
        action = record["mainInfo"]?["rawOperationName"]?.string
        user = record["user"]?["userName"]?.string
        addresses = [record["device"]?["clientIP"]?.string].compactMap(\.self)
        countries = [record["location"]?["countryCode"]?.string].compactMap(\.self)
        userAgent = record["device"]?["userAgent"]?.string
        severity = record["severityValue"]?.integer
        alertType = record["idValue"]?.integer
        resolution = record["resolutionStatusValue"]?.integer
        for entity in record["entities"]?.array ?? [] {
            switch entity["type"]?.string {
            case "ip": addresses += [entity["id"]?.string].compactMap(\.self)
            case "country": countries += [entity["id"]?.string].compactMap(\.self)
            case "service": services += [entity["id"]?.integer].compactMap(\.self)
            case "user": user = entity["id"]?.string ?? user
            default: break
            }
        }
    }
}
