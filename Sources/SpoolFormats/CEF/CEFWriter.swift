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
