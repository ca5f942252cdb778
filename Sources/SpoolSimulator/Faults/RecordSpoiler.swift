/// Changes the text of one record as a fault demands.
struct RecordSpoiler {
    let fault: Fault

    func spoil(_ raw: [UInt8]) -> [UInt8] {
        switch fault {
        case .recordWithoutID:
            return replacing("\"_id\":", by: "\"_was\":", in: raw)
        case .oddTypes:
            let renamed = replacing("\"_id\":", by: "\"_id\":4711,\"_was\":", in: raw)
            return replacing("\"timestamp\":", by: "\"timestamp\":\"yesterday\",\"_then\":", in: renamed)
        case .invalidUTF8:
            // A lone continuation byte and an overlong slash.
            return Array("{\"broken\":\"".utf8) + [0x80, 0xC0, 0xAF] + Array("\",".utf8) + raw.dropFirst()
        case .bloated(let count):
            let padding = [UInt8](repeating: UInt8(ascii: "x"), count: max(0, count - 14))
            return Array("{\"padding\":\"".utf8) + padding + Array("\",".utf8) + raw.dropFirst()
        default:
            return raw
        }
    }

    private func replacing(_ pattern: String, by replacement: String, in raw: [UInt8]) -> [UInt8] {
        guard let range = raw.firstRange(of: Array(pattern.utf8)) else { return raw }
        return Array(raw[..<range.lowerBound]) + Array(replacement.utf8) + Array(raw[range.upperBound...])
    }
}
