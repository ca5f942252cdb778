/// The maximum length of a value.
struct ValueLimit {
    /// Characters before escaping, as the CEF dictionary counts.
    var characters = Int.max
    /// Bytes after escaping.
    var bytes = Int.max

    static let none = ValueLimit()
}

/// The text that replaces the rest of a value that was cut.
enum CutMark {
    static let text: StaticString = "…[cut]"
    static let characters = 6
    static let bytes = 8
}

extension ByteWriter {
    /// Writes a text escaped; a text longer than the limit is cut between characters and marked.
    ///
    /// - Returns: True when it was cut.
    @inline(__always)
    mutating func put<Rules: EscapeRules>(
        escaping bytes: UnsafePointer<UInt8>,
        _ count: Int,
        limit: ValueLimit,
        as rules: Rules.Type
    ) -> Bool {
        // A text never has more characters than bytes.
        if limit.bytes == .max, count <= limit.characters {
            put(escaping: bytes, count, as: rules)
            return false
        }
        return putCut(bytes, count, limit: limit, as: rules)
    }

    @inline(never)
    private mutating func putCut<Rules: EscapeRules>(
        _ bytes: UnsafePointer<UInt8>,
        _ count: Int,
        limit: ValueLimit,
        as rules: Rules.Type
    ) -> Bool {
        let start = next
        var fits = next
        var (at, characters) = (0, 0)
        while at < count {
            at += putCharacter(bytes + at, count - at, as: rules)
            characters += 1
            if characters > limit.characters || next - start > limit.bytes {
                rewind(to: fits)
                put(CutMark.text)
                return true
            }
            if characters <= limit.characters - CutMark.characters,
                next - start <= limit.bytes - CutMark.bytes
            {
                fits = next
            }
        }
        return false
    }
}
