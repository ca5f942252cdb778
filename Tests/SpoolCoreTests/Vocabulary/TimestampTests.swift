import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Times")
struct TimestampTests {
    @Test(
        "RFC 3339 is read to the millisecond",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-23T22:14:15.003Z", 1_795_472_055_003),
            ("2026-11-23t22:14:15.003z", 1_795_472_055_003),
            ("2026-11-23 22:14:15.003Z", 1_795_472_055_003),
            ("2026-11-24T00:14:15.003+02:00", 1_795_472_055_003),
            ("2026-11-23T16:44:15.003-05:30", 1_795_472_055_003),
            ("2026-11-23T22:14:15.0039999Z", 1_795_472_055_003),
            ("2026-11-23T22:14:15.5Z", 1_795_472_055_500),
            ("2026-11-23T22:14Z", 1_795_472_040_000),
            ("2026-11-23", 1_795_392_000_000),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)]
    )
    func reads(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        "a text that is not an RFC 3339 time is refused",
        arguments: [
            "", "now", "2026", "2026-11", "26-11-23", "2026-1-23", "2026-11-23T", "2026-11-23T22Z",
            "2026-11-23T22:14", "2026-11-23T22:14:15", "2026-11-23T22:14:15.Z", "2026-11-23T22:14:15.003",
            "2026-11-23T24:00:00Z", "2026-11-23T22:60:00Z", "2026-11-23T22:14:60Z", "2026-13-01",
            "2026-00-10",
            "2026-11-31", "2026-11-00", "2023-02-29", "1900-02-29", "2026-11-23T22:14:15+24:00",
            "2026-11-23T22:14:15+02:60", "2026-11-23T22:14:15+0200", "2026-11-23T22:14:15 +02:00",
            "2026-11-23T22:14:15ZZ", " 2026-11-23", "2026-11-23 ", "2026/11/23", "٢٠٢٦-11-23",
        ]
    )
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(
        "a time is written in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_472_055_003, "2026-11-23T22:14:15.003Z"),
            (1_709_208_000_000, "2024-02-29T12:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func writes(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test("a written time is read back as the same time, and agrees with Foundation's calendar")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 20_261_123)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))

        for _ in 0..<2_000 {
            // 1600 to 9999: Foundation's calendar is Julian before 1582.
            let time = Timestamp(
                milliseconds: .random(in: -11_676_096_000_000...253_402_300_799_999, using: &generator)
            )

            let date = CalendarDate(time)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: Double(time.milliseconds.flooredSeconds))
            )

            #expect(Timestamp(rfc3339: time.description) == time)
            #expect(date.timestamp == time)
            #expect(date.year == parts.year && date.month == parts.month && date.day == parts.day)
            #expect(date.hour == parts.hour && date.minute == parts.minute && date.second == parts.second)
        }
    }

    @Test("every day of four centuries follows the previous one")
    func everyDay() {
        let start = CalendarDate(year: 1900, month: 1, day: 1).timestamp
        var previous = CalendarDate(start - .days(1))

        for day in 0..<146_097 {
            let date = CalendarDate(start + .days(day))

            let isNextDay = date.month == previous.month && date.day == previous.day + 1
            let isNextMonth = date.day == 1 && date.month == previous.month % 12 + 1
            if !(date.exists && (isNextDay || isNextMonth)) {
                Issue.record("\(date) does not follow \(previous)")
            }
            previous = date
        }
        #expect(previous == CalendarDate(year: 2299, month: 12, day: 31))
    }

    @Test("durations are added and subtracted to the millisecond")
    func arithmetic() {
        let time = Timestamp(milliseconds: 1_000)

        #expect(time + .milliseconds(1) == Timestamp(milliseconds: 1_001))
        #expect(time - .hours(1) == Timestamp(milliseconds: -3_599_000))
        #expect((time + .days(2)).since(time) == .days(2))
        #expect(time.since(time + .minutes(3)) == .minutes(-3))
    }

    @Test("a time is one number in JSON")
    func coding() throws {
        let time = Timestamp(milliseconds: 1_795_472_055_003)

        let data = try JSONEncoder().encode([time])

        #expect(String(decoding: data, as: UTF8.self) == "[1795472055003]")
        #expect(try JSONDecoder().decode([Timestamp].self, from: data) == [time])
    }
}

extension Int64 {
    /// Seconds of these milliseconds, rounded down.
    fileprivate var flooredSeconds: Int64 { self >= 0 ? self / 1_000 : (self - 999) / 1_000 }
}
