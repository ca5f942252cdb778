import SpoolCore

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
