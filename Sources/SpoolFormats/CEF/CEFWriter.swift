import SpoolCore

/// Writes the CEF part of a line: the keys of the retired agent, in its order.
///
/// Order and labels follow the vendor's page "Integrate your SIEM server" and lines of the agent itself, from
/// 2017 to 2025. The agent has written the client's address of an alert since 2020, but no public line shows
/// its position. Here it follows the keys that existed before.
struct CEFWriter {
    let shape: CEFShape
    /// `CEF:0|MCAS|SIEM_Agent|version|`.
    private let header: [UInt8]

    /// Bytes of a line's keys, labels, numbers and link, without header and values.
    static let fixedBytes = 768
    /// The dictionary's maximum lengths of class and name, in characters.
    static let classLength = 1_023
    static let nameLength = 512

    init(_ profile: CEFProfile) {
        shape = profile.shape
        let version = profile.agentVersion.replacing("\\", with: "\\\\").replacing("|", with: "\\|")
        header = Array("CEF:0|MCAS|SIEM_Agent|\(version)|".utf8)
    }

    /// The maximum number of bytes that `write` writes for an event.
    func bound(_ event: EventView) -> Int {
        // The id occurs twice; every byte may become three.
        header.count + Self.fixedBytes + 3 * (event.textBytes + event[.externalID].count)
            + AppNames.longest * (event[.appID].count + 1)
    }

    /// Writes an event; free-text values are limited to `cap` bytes each.
    ///
    /// - Returns: True when a value was cut.
    @inline(__always)
    func write(_ event: EventView, cap: Int, to out: inout ByteWriter) -> Bool {
        var line = Pairs(out: out, shape: shape, cap: cap)
        line.out.put(header)
        line.header(event[.category], characters: Self.classLength, cap: .max)
        line.header(event[.action], characters: Self.nameLength, cap: cap)
        line.out.put(decimal: Int64(severity(of: event)))
        line.out.put("|externalId=")
        line.value(event[.externalID], characters: .max, cap: .max)
        if event.isAlert { alert(event, &line) } else { activity(event, &line) }
        out = line.out
        return line.wasCut
    }

    /// CEF's ranges: 0-3 low, 4-6 medium, 7-8 high; the agent gave all activities 0.
    private func severity(of event: EventView) -> Int {
        guard event.isAlert else { return 0 }
        guard shape.mapsSeverity else { return 3 }
        return switch event.severity {
        case 0: 3
        case 1: 6
        case 2: 8
        default: 0
        }
    }

    private func activity(_ event: EventView, _ line: inout Pairs) {
        let ip = event[.ip]
        let isIPv6 = ip.contains(UInt8(ascii: ":"))
        line.times(event.occurred, rt: true)
        line.pair(" msg=", event[.message])
        line.pair(" suser=", event[.userName])
        line.pair(" destinationServiceName=", event[.appName])
        line.address(" dvc=", isIPv6 ? .empty : ip)
        line.pair(" requestClientApplication=", event[.userAgent])
        if event[.link].isEmpty {
            // The portal's search for the activity. The agent wrote this form in 2025, and escaped its `=`
            // until 2021. Receivers misparse an unescaped one.
            line.out.put(" cs1Label=portalURL cs1=https://security.microsoft.com/cloudapps/activity-log?")
            line.out.put("activity.id\\=eq(")
            line.value(event[.externalID], characters: .max, cap: .max)
            line.out.put(",)")
        } else {
            line.link(event[.link])
        }
        line.apps(event[.appID])
        line.labelled(" cs3Label=targetObjects", " cs3=", event[.objects])
        line.labelled(" cs4Label=policyIDs", " cs4=", event[.policies])
        line.deviceIPv6(isIPv6 ? ip : .empty, always: true)
    }

    private func alert(_ event: EventView, _ line: inout Pairs) {
        let ip = event[.ip]
        line.times(event.occurred, rt: shape.alertRT)
        line.pair(" msg=", event[.message])
        line.pair(" suser=", event[.userName])
        line.pair(" destinationServiceName=", event[.appName])
        if shape.emptyPairs { line.out.put(" cn1Label=riskScore cn1=") }
        line.link(event[.link])
        line.apps(event[.appID])
        line.labelled(" cs3Label=relatedAudits", " cs3=", event[.objects])
        line.labelled(" cs4Label=policyIDs", " cs4=", event[.policies])
        if ip.contains(UInt8(ascii: ":")) {
            line.deviceIPv6(ip, always: false)
        } else if !ip.isEmpty {
            line.address(" src=", ip)
        }
    }
}

/// The variant of CEF that is written.
package struct CEFProfile: Sendable, Equatable {
    /// The device version in the header; parsers written for the retired agent may check it.
    package var agentVersion: String
    var shape: CEFShape

    /// The last known version of the retired agent.
    package static let lastAgentVersion = "0.298.168"

    /// `cef-agent`: byte for byte the output of the retired agent.
    package static func agent(
        version: String = lastAgentVersion,
        emptyPairs: Bool = true,
        alertRT: Bool = true
    ) -> Self {
        let shape = CEFShape(
            emptyPairs: emptyPairs,
            alertRT: alertRT,
            quotesLabel: true,
            cutsToDictionary: false,
            mapsSeverity: false
        )
        return Self(agentVersion: version, shape: shape)
    }

    /// `cef`: the same keys, following the rules of the CEF dictionary.
    package static func clean(version: String = lastAgentVersion) -> Self {
        let shape = CEFShape(
            emptyPairs: false,
            alertRT: true,
            quotesLabel: false,
            cutsToDictionary: true,
            mapsSeverity: true
        )
        return Self(agentVersion: version, shape: shape)
    }
}

/// The differences between the two variants; contains no texts, because it is copied for every event.
struct CEFShape: Sendable, Equatable {
    /// Keys without a value are written as `key=`, as by the retired agent; otherwise they are left out.
    var emptyPairs: Bool
    /// Alerts contain `rt` as well, which receivers use as the event's time; the agent's first lines had
    /// none.
    var alertRT: Bool
    /// The label of `c6a1` is quoted, as the retired agent wrote it.
    var quotesLabel: Bool
    /// Values are cut to the lengths of the CEF dictionary, except `externalId`: a cut id identifies nothing.
    var cutsToDictionary: Bool
    /// Alerts have their own severities; otherwise all have 3.
    ///
    /// 3 is the only severity known from the retired agent's alerts, whatever the severity of the record.
    var mapsSeverity: Bool
}

/// The retired agent's names of apps (`cs2`), as far as they are known from public lines of the agent and
/// public parsers.
///
/// `APPID_ONEDRIVE` is matched by Exabeam's parsers for the agent. `APPID_MCAS` is in the sample line of
/// Splunk Connect for Syslog, next to "Microsoft Cloud App Security". For SharePoint, Teams and Azure no
/// public line contains a name.
enum AppNames {
    /// The length of the longest name, comma included.
    static let longest = 24

    /// The name of an app id; nil when none is known, and `APPID_` with the id is written instead.
    static func name(of id: Int) -> StaticString? {
        switch id {
        case 10_489: "APPID_BOX"
        case 11_114: "APPID_SALESFORCE"
        case 11_161: "APPID_O365"
        case 14_509: "APPID_SERVICENOW"
        case 15_600: "APPID_ONEDRIVE"
        case 20_595: "APPID_MCAS"
        case 20_893: "APPID_OUTLOOK"
        case 20_940: "APPID_ACTIVE_DIRECTORY"
        default: nil
        }
    }
}

extension ByteWriter {
    /// Writes the names of comma-separated app ids, separated by commas.
    ///
    /// Writes at most `AppNames.longest` bytes per input byte, and as many more.
    mutating func put(appNames ids: UnsafeBufferPointer<UInt8>) {
        guard var from = ids.baseAddress else { return }
        let end = from + ids.count
        while from < end {
            var to = from
            while to < end, to.pointee != UInt8(ascii: ",") { to += 1 }
            put(appName: from, to - from)
            if to < end { put(UInt8(ascii: ",")) }
            from = to + 1
        }
    }

    private mutating func put(appName id: UnsafePointer<UInt8>, _ count: Int) {
        if let name = decimal(id, count).flatMap(AppNames.name(of:)) {
            put(name)
        } else {
            put("APPID_")
            put(escaping: id, count, as: CEFValueRules.self)
        }
    }

    private func decimal(_ digits: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        guard (1...9).contains(count) else { return nil }
        var number = 0
        for index in 0..<count {
            let digit = digits[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + Int(digit)
        }
        return number
    }
}
