import Foundation
import SpoolReceiver

/// The expected content of the line of a raw record, computed from the record's JSON by the documented rules
/// without the code under test.
struct ExpectedLine {
    let eventClass: String
    let name: String
    let severity: String
    /// In any order.
    let pairs: [String: String]

    /// The differences between a line and the expected content.
    func differences(_ line: CEFLine, isCut: Bool) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ seen: String, _ wanted: String) {
            if seen == wanted { return }
            // In a line that would be too long, long values are truncated and marked.
            if isCut, seen.hasSuffix(Self.mark), wanted.hasPrefix(seen.dropLast(Self.mark.count)) { return }
            found.append(
                "\(what): \(seen.prefix(300).debugDescription), not \(wanted.prefix(300).debugDescription)"
            )
        }
        compare("vendor", line.deviceVendor, "MCAS")
        compare("product", line.deviceProduct, "SIEM_Agent")
        compare("class", line.eventClassID, eventClass)
        compare("name", line.name, name)
        compare("severity", line.severity, severity)
        let seen = Dictionary(line.pairs.map { ($0.key, $0.value) }) { first, _ in first }
        for key in Set(seen.keys).union(pairs.keys).sorted() {
            compare(key, seen[key] ?? "(nothing)", pairs[key] ?? "(nothing)")
        }
        return found
    }

    static let mark = "…[cut]"

    /// The expected line of an activity.
    init(activity raw: [UInt8]) throws {
        let record = try Record(raw)
        let time = record.number("timestamp") ?? record.number("created") ?? ""
        let id = record.text("_id")
        let address = record["device"].text("clientIP")
        let isIPv6 = address.contains(":")
        let category = record.text("eventTypeName")
        eventClass = category.isEmpty ? "EVENT_CATEGORY_UNSPECIFIED" : category
        name = Self.oneLine(Self.activityName(record, category: eventClass))
        severity = "0"
        pairs = [
            "externalId": id, "rt": time, "start": time, "end": time,
            "msg": Self.plain(record.text("description")),
            "suser": Self.plain(record["user"].text("userName")),
            "destinationServiceName": Self.plain(record.text("appName")),
            "dvc": isIPv6 ? "" : address,
            "requestClientApplication": Self.plain(record["device"].text("userAgent")),
            "cs1Label": "portalURL",
            "cs1": "https://security.microsoft.com/cloudapps/activity-log?activity.id=eq(\(id),)",
            "cs2Label": "uniqueServiceAppIds", "cs2": Self.app(record.number("appId") ?? ""),
            "cs3Label": "targetObjects",
            "cs3": Self.plain(
                record["mainInfo"].list("eventObjects").map { $0.text("name") }.joined(separator: ",")
            ),
            "cs4Label": "policyIDs", "cs4": "",
            "c6a1Label": "\"Device IPv6 Address\"", "c6a1": isIPv6 ? address : "",
        ]
    }

    /// The expected line of an alert.
    init(alert raw: [UInt8]) throws {
        let record = try Record(raw)
        let entities = record.list("entities")
        func all(_ type: String) -> [Record] { entities.filter { $0.text("type") == type } }
        let time = record.number("timestamp") ?? ""
        let number = record.number("idValue") ?? ""
        eventClass = Self.alertTypes[number] ?? "ALERT_\(number)"
        name = Self.oneLine(all("policyRule").first?.text("label") ?? record.text("title"))
        severity = "3"
        var pairs = [
            "externalId": record.text("_id"), "rt": time, "start": time, "end": time,
            "msg": Self.plain(record.text("description")),
            "suser": Self.plain(all("user").first?.text("id") ?? ""),
            "destinationServiceName": all("service").map { $0.text("label") }.joined(separator: ","),
            "cn1Label": "riskScore", "cn1": "",
            "cs1Label": "portalURL", "cs1": record.text("URL"),
            "cs2Label": "uniqueServiceAppIds",
            "cs2": all("service").map { Self.app($0.number("id") ?? "") }.joined(separator: ","),
            "cs3Label": "relatedAudits", "cs3": "",
            "cs4Label": "policyIDs", "cs4": all("policyRule").map { $0.text("id") }.joined(separator: ","),
        ]
        if let address = all("ip").first?.text("id") {
            if address.contains(":") {
                pairs["c6a1Label"] = "\"Device IPv6 Address\""
                pairs["c6a1"] = address
            } else {
                pairs["src"] = address
            }
        }
        self.pairs = pairs
    }

    private static let alertTypes = [
        "196608": "ALERT_GEOLOCATION_NEW_COUNTRY", "15728641": "ALERT_CABINET_EVENT_MATCH_AUDIT",
        "15728642": "ALERT_CABINET_EVENT_MATCH_FILE", "15859716": "ALERT_ANUBIS_DETECTION_VELOCITY",
    ]

    private static let apps = [
        "10489": "BOX", "11114": "SALESFORCE", "11161": "O365", "14509": "SERVICENOW", "20893": "OUTLOOK",
        "20940": "ACTIVE_DIRECTORY", "15600": "ONEDRIVE", "20595": "MCAS",
    ]

    private static func app(_ id: String) -> String { id.isEmpty ? "" : "APPID_\(apps[id] ?? id)" }

    /// The description's text before the object; otherwise the readable form of the class.
    private static func activityName(_ record: Record, category: String) -> String {
        let colon = record["description_metadata"].text("colon")
        let description = record.text("description")
        if colon.contains(":"), let end = description.range(of: colon)?.lowerBound {
            return String(description[..<end])
        }
        let words = category.replacing("EVENT_CATEGORY_", with: "").lowercased().replacing("_", with: " ")
        return ["login": "Log on", "logout": "Log out", "failed login": "Failed log on"][words]
            ?? words.prefix(1).uppercased() + words.dropFirst()
    }

    /// A value of the extension: control characters become spaces, line ends are kept.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { isControl($0) && $0 != "\n" && $0 != "\r" ? " " : $0 }
            )
        )
    }

    /// A field of the header: line ends become spaces as well.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
    }
}

/// Part of a record; a missing value or one of another type is empty.
private struct Record {
    private let value: Any?

    init(_ raw: [UInt8]) throws { value = try JSONSerialization.jsonObject(with: Data(raw)) }

    private init(value: Any?) { self.value = value }

    subscript(key: String) -> Record { Record(value: (value as? [String: Any])?[key]) }

    func text(_ key: String) -> String { self[key].value as? String ?? "" }

    func number(_ key: String) -> String? { (self[key].value as? NSNumber).map { "\($0.int64Value)" } }

    func list(_ key: String) -> [Record] { (self[key].value as? [Any] ?? []).map { Record(value: $0) } }
}
