/// Parses the syslog header before `CEF:`, in any of the styles that collectors receive.
enum CEFPrefixParser {
    static func parse(_ bytes: ArraySlice<UInt8>) throws(CEFError) -> CEFPrefix {
        var text = Substring(String(decoding: bytes, as: UTF8.self))
        let priority = try takePriority(&text)
        guard !text.isEmpty else {
            return CEFPrefix(priority: priority, style: .none, time: nil, host: nil, rest: "")
        }
        guard text.last == " " else { throw CEFError(reason: .badPrefix, offset: 0) }
        text.removeLast()
        let tokens = text.split(separator: " ", omittingEmptySubsequences: false)
        if tokens[0] == "1" { return try rfc5424(tokens, priority) }
        let (style, time, used) = takeTime(tokens)
        let rest = tokens.dropFirst(used)
        guard rest.allSatisfy({ !$0.isEmpty }) else { throw CEFError(reason: .badPrefix, offset: 0) }
        return CEFPrefix(
            priority: priority,
            style: style,
            time: time,
            host: rest.first.map(String.init),
            rest: rest.dropFirst().joined(separator: " ")
        )
    }

    /// `<` one to three digits `>`, at most 191, without leading zeros.
    private static func takePriority(_ text: inout Substring) throws(CEFError) -> Int? {
        guard text.first == "<" else { return nil }
        let digits = text.dropFirst().prefix { $0 != ">" }
        guard let number = Int(digits), (0...191).contains(number), String(number) == digits else {
            throw CEFError(reason: .badPriority, offset: 1)
        }
        text = text.dropFirst(digits.count + 2)
        return number
    }

    private static func takeTime(_ tokens: [Substring]) -> (CEFPrefix.Style, String?, Int) {
        if isISO(tokens[0]) { return (.iso, String(tokens[0]), 1) }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard months.contains(String(tokens[0])) else { return (.none, nil, 0) }
        // A day below ten may be padded with a space.
        let day = tokens.count > 2 && tokens[1].isEmpty ? 2 : 1
        guard tokens.count > day + 1, matches(tokens[day], "##") || matches(tokens[day], "#") else {
            return (.none, nil, 0)
        }
        if matches(tokens[day + 1], "##:##:##") {
            return (.rfc3164, tokens[...(day + 1)].joined(separator: " "), day + 2)
        }
        guard tokens.count > day + 2, matches(tokens[day + 1], "####"), matches(tokens[day + 2], "##:##:##")
        else {
            return (.none, nil, 0)
        }
        return (.rfc3164WithYear, tokens[...(day + 2)].joined(separator: " "), day + 3)
    }

    private static func rfc5424(_ tokens: [Substring], _ priority: Int?) throws(CEFError) -> CEFPrefix {
        guard priority != nil, tokens.count >= 7, tokens[1] == "-" || isISO(tokens[1]) else {
            throw CEFError(reason: .badPrefix, offset: 0)
        }
        guard tokens[2...5].allSatisfy({ !$0.isEmpty }) else { throw CEFError(reason: .badPrefix, offset: 0) }
        let data = tokens[6...].joined(separator: " ")
        guard data == "-" || (data.hasPrefix("[") && data.hasSuffix("]")) else {
            throw CEFError(reason: .badPrefix, offset: 0)
        }
        return CEFPrefix(
            priority: priority,
            style: .rfc5424,
            time: tokens[1] == "-" ? nil : String(tokens[1]),
            host: tokens[2] == "-" ? nil : String(tokens[2]),
            rest: tokens[3...].joined(separator: " ")
        )
    }

    /// RFC 3339 with upper-case `T`, and `Z` or an offset.
    private static func isISO(_ token: Substring) -> Bool {
        let head = token.prefix(19)
        guard matches(head, "####-##-##T##:##:##") else { return false }
        var tail = token.dropFirst(19)
        if tail.first == "." {
            let fraction = tail.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard (1...6).contains(fraction.count) else { return false }
            tail = tail.dropFirst(fraction.count + 1)
        }
        return tail == "Z" || matches(tail, "+##:##") || matches(tail, "-##:##")
    }

    /// Compares with a pattern in which `#` stands for a digit.
    private static func matches(_ text: Substring, _ pattern: String) -> Bool {
        text.utf8.count == pattern.utf8.count
            && zip(text.utf8, pattern.utf8).allSatisfy { byte, wanted in
                wanted == UInt8(ascii: "#")
                    ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == wanted
            }
    }
}
