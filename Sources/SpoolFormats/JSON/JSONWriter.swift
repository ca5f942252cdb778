/// Writes the raw record on one line.
///
/// Line ends between tokens are dropped: JSON allows them there and nowhere else (RFC 8259 §2, §7), and they
/// would end the line. Inside strings, where they are a mistake, they become blanks, as other control
/// characters do. Bytes that are not UTF-8 become U+FFFD; the spool keeps the record as it came.
struct JSONWriter {
    /// The most bytes `write` may take for a record.
    func bound(_ raw: Int) -> Int { 3 * raw + CutMark.bytes }

    /// Writes a record, cut and marked when it takes more than `cap` bytes; then it is no JSON any more.
    ///
    /// - Returns: True when it was cut.
    func write(_ raw: UnsafeBufferPointer<UInt8>, cap: Int, to out: inout ByteWriter) -> Bool {
        guard let bytes = raw.baseAddress else { return false }
        let start = out.next
        var fits = out.next
        var place = JSONPlace.between
        var at = 0
        while at < raw.count {
            at += putCharacter(bytes + at, raw.count - at, place, to: &out)
            place = place.after(bytes[at - 1])
            if out.next - start > cap {
                out.rewind(to: fits)
                out.put(CutMark.text)
                return true
            }
            if out.next - start <= cap - CutMark.bytes { fits = out.next }
        }
        return false
    }

    private func putCharacter(
        _ bytes: UnsafePointer<UInt8>,
        _ count: Int,
        _ place: JSONPlace,
        to out: inout ByteWriter
    ) -> Int {
        let byte = bytes[0]
        switch byte {
        case 0x0A, 0x0D:
            if place != .between { out.put(UInt8(ascii: " ")) }
            return 1
        case 0..<0x20, 0x7F:
            out.put(UInt8(ascii: " "))
            return 1
        case 0x80...:
            return out.putWide(bytes, count)
        default:
            out.put(byte)
            return 1
        }
    }
}

/// Where in a JSON text a byte stands.
private enum JSONPlace {
    case between, string, escape

    func after(_ byte: UInt8) -> JSONPlace {
        switch (self, byte) {
        case (.between, UInt8(ascii: "\"")), (.escape, _): .string
        case (.string, UInt8(ascii: "\"")): .between
        case (.string, UInt8(ascii: "\\")): .escape
        default: self
        }
    }
}
