import SpoolCore

/// Appends bytes to memory that the caller owns.
///
/// It checks nothing in release builds: the caller has calculated that everything fits
/// (`LineRenderer.bound`), with `slack` bytes to spare. It is declared in the module that uses it in a loop:
/// across modules the loop takes 15-40 % longer.
struct ByteWriter {
    /// Bytes after the last written one that copying in whole words may overwrite.
    static let slack = 16

    private(set) var next: UnsafeMutablePointer<UInt8>
    private let end: UnsafeMutablePointer<UInt8>

    init(_ memory: UnsafeMutableRawBufferPointer) {
        let bytes = memory.bindMemory(to: UInt8.self)
        // An empty buffer has no address; an address that is never written to replaces it.
        next = bytes.baseAddress ?? UnsafeMutablePointer(bitPattern: 1).unsafelyUnwrapped
        end = next + bytes.count
    }

    /// The number of bytes that still fit.
    @inline(__always)
    var room: Int { end - next }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        assert(room >= 1)
        next.pointee = byte
        next += 1
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        put(text.utf8Start, text.utf8CodeUnitCount)
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        assert(room >= count)
        next.update(from: bytes, count: count)
        next += count
    }

    @inline(__always)
    mutating func put(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { bytes in
            if let start = bytes.baseAddress { put(start, bytes.count) }
        }
    }

    /// Copies eight bytes, of which the first `kept` count.
    @inline(__always)
    mutating func put(word: UInt64, keeping kept: Int) {
        assert(room >= 8)
        UnsafeMutableRawPointer(next).storeBytes(of: word.littleEndian, as: UInt64.self)
        next += kept
    }

    /// Discards everything written since `place`.
    @inline(__always)
    mutating func rewind(to place: UnsafeMutablePointer<UInt8>) {
        next = place
    }

    /// Writes a number in decimal.
    mutating func put(decimal number: Int64) {
        if number < 0 { put(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var digits: InlineDigits = .init()
        repeat {
            digits.prepend(UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        for index in digits.used { put(digits.bytes[index]) }
    }

    /// Writes the last `width` decimal digits of a non-negative number.
    @inline(__always)
    mutating func put(_ number: Int, width: Int) {
        assert(room >= width)
        var rest = number
        for place in stride(from: width - 1, through: 0, by: -1) {
            next[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        next += width
    }
}

/// The digits of a 64-bit number, filled from the right.
private struct InlineDigits {
    private(set) var bytes = SIMD32<UInt8>(repeating: 0)
    private var first = 32

    var used: Range<Int> { first..<32 }

    mutating func prepend(_ digit: UInt8) {
        first -= 1
        bytes[first] = UInt8(ascii: "0") &+ digit
    }
}

/// The format of the time in a line's header, always in UTC.
enum TimeStyle {
    /// `Mar 02 21:10:02`: the wizard's "RFC 3164".
    case monthDay
    /// `Mar  2 21:10:02`: RFC 3164 §4.1.2 as specified, with the day padded with a space.
    case monthDayPadded
    /// `Mar 02 2023 21:10:02`: the wizard's "RFC 3164 with year".
    case monthDayYear
    /// `2023-03-02T21:10:02.022Z`: the wizard's "RFC 5424".
    case iso
}

extension ByteWriter {
    /// The first and last millisecond that a four-digit year can express.
    private static let times: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    /// Writes a time; a time outside the years 0 to 9999 is replaced by the nearest possible one.
    mutating func put(milliseconds: Int64, as style: TimeStyle) {
        let time = min(max(milliseconds, Self.times.lowerBound), Self.times.upperBound)
        let date = CalendarDate(Timestamp(milliseconds: time))
        if style == .iso {
            put(date.year, width: 4)
            put(UInt8(ascii: "-"))
            put(date.month, width: 2)
            put(UInt8(ascii: "-"))
            put(date.day, width: 2)
            put(UInt8(ascii: "T"))
            putClock(date)
            put(UInt8(ascii: "."))
            put(date.millisecond, width: 3)
            put(UInt8(ascii: "Z"))
            return
        }
        put(Self.months.utf8Start + (date.month - 1) * 3, 3)
        put(UInt8(ascii: " "))
        if style == .monthDayPadded, date.day < 10 {
            put(UInt8(ascii: " "))
            put(date.day, width: 1)
        } else {
            put(date.day, width: 2)
        }
        put(UInt8(ascii: " "))
        if style == .monthDayYear {
            put(date.year, width: 4)
            put(UInt8(ascii: " "))
        }
        putClock(date)
    }

    private mutating func putClock(_ date: CalendarDate) {
        put(date.hour, width: 2)
        put(UInt8(ascii: ":"))
        put(date.minute, width: 2)
        put(UInt8(ascii: ":"))
        put(date.second, width: 2)
    }
}

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
