import SpoolCore
import Testing

@Suite("Ages and sizes")
struct AgeTests {
    @Test(
        "an age is a number and its unit",
        arguments: [
            ("250ms", .milliseconds(250)), ("15s", .seconds(15)), ("10m", .minutes(10)), ("48h", .hours(48)),
            ("30d", .days(30)), ("2w", .days(14)), ("0s", .zero), ("007s", .seconds(7)),
        ] as [(String, Duration)]
    )
    func reads(text: String, duration: Duration) {
        #expect(Age.duration(text) == duration)
    }

    @Test(
        "anything else is not an age",
        arguments: [
            "", "15", "s", "-1s", "1.5h", "1 h", "1h30m", "1y", "1M", "2H", "99999999999s", "1e3s", "٣s",
        ]
    )
    func refuses(text: String) {
        #expect(Age.duration(text) == nil)
    }

    @Test(
        "a duration is written in its two largest units",
        arguments: [
            (.zero, "0ms"), (.milliseconds(640), "640ms"), (.seconds(1), "1s"), (.seconds(125), "2m 5s"),
            (.hours(2), "2h"), (.seconds(7_205), "2h"), (.days(3) + .hours(4) + .minutes(5), "3d 4h"),
            (.seconds(-90), "-1m 30s"), (.days(400), "400d"),
        ] as [(Duration, String)]
    )
    func writes(duration: Duration, text: String) {
        #expect(Age.text(duration) == text)
    }

    @Test("a moment is a time, a date, or an age counted back from now")
    func moments() {
        let now = Timestamp(milliseconds: 1_795_472_055_003)

        #expect(MomentText.timestamp("2h", now: now) == now - .hours(2))
        #expect(MomentText.timestamp("2026-11-23", now: now) == Timestamp(milliseconds: 1_795_392_000_000))
        #expect(MomentText.timestamp("2026-11-23T22:14:15.003Z", now: now) == now)
        #expect(MomentText.timestamp("now", now: now) == now)
        #expect(
            MomentText.timestamp("2026-11-23T22:14", now: now)
                == MomentText.timestamp("2026-11-23T22:14:00Z", now: now)
        )
        #expect(MomentText.timestamp("2026-11-23 22:14:15.003", now: now) == now)
        for text in [
            "yesterday", "", "Z", "2026-11-23Z", "2026-11-23T22", "2026-11-23T22:14+", "nowZ",
            "99999999999999999d",
        ] {
            #expect(MomentText.timestamp(text, now: now) == nil, "\(text)")
        }
    }

    @Test(
        "a size is a number with or without a unit, binary or decimal",
        arguments: [
            ("0", 0), ("4096", 4_096), ("12B", 12), ("1KiB", 1_024), ("512MiB", 536_870_912),
            ("20GiB", 21_474_836_480), ("20 GiB", 21_474_836_480), ("1TiB", 1_099_511_627_776),
            ("20GB", 20_000_000_000), ("5kB", 5_000), ("5MB", 5_000_000),
        ] as [(String, Int64)]
    )
    func readsSizes(text: String, bytes: Int64) {
        #expect(ByteSize.bytes(text) == bytes)
    }

    @Test(
        "anything else is not a size",
        arguments: [
            "", "GiB", "-1GiB", "1.5GiB", "20G", "20gib", "9999999999TiB", "99999999999999999999", "1GiB ",
        ]
    )
    func refusesSizes(text: String) {
        #expect(ByteSize.bytes(text) == nil)
    }

    @Test(
        "a size is written in its largest unit",
        arguments: [
            (0, "0B"), (1_023, "1023B"), (1_024, "1KiB"), (1_536, "1.5KiB"), (21_474_836_480, "20GiB"),
            (1_099_511_627_775, "1023.9GiB"), (-2_048, "-2KiB"),
        ] as [(Int64, String)]
    )
    func writesSizes(bytes: Int64, text: String) {
        #expect(ByteSize.text(bytes) == text)
    }
}
