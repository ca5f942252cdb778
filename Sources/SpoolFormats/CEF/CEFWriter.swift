import SpoolCore

/// Writes the CEF part of a line: the keys of the old agent, in its order.
///
/// Order and labels: the vendor's page "Integrate your SIEM server" and lines of the agent itself, of 2017 to
/// 2025. Where the client's address of an alert stood (the agent has written it since 2020) no public line
/// shows: here it follows what was there before.
struct CEFWriter {
    let shape: CEFShape
    /// `CEF:0|MCAS|SIEM_Agent|version|`.
    private let header: [UInt8]

    /// Bytes of keys, labels, numbers and the link of a line, header and values left out.
    static let fixedBytes = 768
    /// The dictionary's lengths of class and name, in characters.
    static let classLength = 1_023
    static let nameLength = 512

    init(_ profile: CEFProfile) {
        shape = profile.shape
        let version = profile.agentVersion.replacing("\\", with: "\\\\").replacing("|", with: "\\|")
        header = Array("CEF:0|MCAS|SIEM_Agent|\(version)|".utf8)
    }

    /// The most bytes `write` may take for an event.
    func bound(_ event: EventView) -> Int {
        // The id occurs twice; every byte may become three.
        header.count + Self.fixedBytes + 3 * (event.textBytes + event[.externalID].count)
            + AppNames.longest * (event[.appID].count + 1)
    }

    /// Writes an event; values of people and programs take at most `cap` bytes each.
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

    /// CEF's words: 0-3 low, 4-6 medium, 7-8 high; the agent gave all activities 0.
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
            // The portal's own search for the activity; the agent wrote this form in 2025, its `=` escaped
            // until 2021. Receivers stumble over a bare one.
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
