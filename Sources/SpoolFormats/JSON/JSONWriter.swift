/// Writes the raw record on one line.
///
/// Line ends between tokens are dropped: JSON allows them only there (RFC 8259 §2, §7), and they would end
/// the line. U+2028, U+2029 and U+0080 to U+009F, which some receivers treat as line ends or control
/// characters, are escaped. Control characters inside strings, which are not valid JSON, and DEL become
/// spaces. Bytes that are not UTF-8 become U+FFFD; the spool keeps the record unchanged.
struct JSONWriter {
    /// The maximum number of bytes that `write` writes for a record.
    func bound(_ raw: Int) -> Int { 3 * raw }

    /// Writes a whole record.
    func write(_ raw: UnsafeBufferPointer<UInt8>, to out: inout ByteWriter) {
        guard let bytes = raw.baseAddress else { return }
        var place = JSONPlace.between
        var at = 0
        while at < raw.count {
            at += putCharacter(bytes + at, raw.count - at, place, to: &out)
            place = place.after(bytes[at - 1])
        }
    }

    /// Writes a record again that takes more than `room` bytes: shortened, marked, and still valid JSON.
    ///
    /// - Returns: False when it cannot be shortened enough; then nothing is written.
    func write(_ raw: UnsafeBufferPointer<UInt8>, shortenedTo room: Int, to out: inout ByteWriter) -> Bool {
        let start = out.next
        write(raw, to: &out)
        let text = Array(UnsafeBufferPointer(start: start, count: out.next - start))
        out.rewind(to: start)
        guard let short = JSONShortener(text, recordBytes: raw.count).shortened(to: room) else {
            return false
        }
        out.put(short)
        return true
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
            return place == .string ? out.putWideInJSON(bytes, count) : out.putWide(bytes, count)
        default:
            out.put(byte)
            return 1
        }
    }
}

/// The position of a byte in a JSON text.
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
