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
