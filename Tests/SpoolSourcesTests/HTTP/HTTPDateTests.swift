import SpoolCore
import SpoolNetwork
import Testing

@Suite("Dates and waits of HTTP headers")
struct HTTPDateTests {
    @Test(
        "all three forms of a date are parsed",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37.000Z"),
            ("Thu, 29 Feb 2024 23:59:60 GMT", "2024-02-29T23:59:59.000Z"),
            ("Wednesday, 01-Jan-25 00:00:00 GMT", "2025-01-01T00:00:00.000Z"),
        ]
    )
    func readsDates(text: String, expected: String) {
        #expect(HTTPDate.timestamp(text)?.description == expected)
    }

    @Test(
        "anything else is not a date",
        arguments: [
            "", "now", "Sun, 31 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 25:00:00 GMT",
        ]
    )
    func refusesOthers(text: String) {
        #expect(HTTPDate.timestamp(text) == nil)
    }

    @Test(
        "a wait is seconds, or a date relative to the response's own `Date`, between 1 second and 15 minutes",
        arguments: [
            ("41", 41), ("0", 1), ("900", 900), ("7200", 900), ("99999999999999", 900),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30), ("Sun, 06 Nov 1994 08:00:00 GMT", 1),
            ("Sun, 06 Nov 1999 08:00:00 GMT", 900), ("-1", nil), ("soon", nil), ("1.5", nil), (nil, nil),
        ] as [(String?, Int?)]
    )
    func readsWaits(text: String?, seconds: Int?) {
        let date = HTTPDate.timestamp("Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(RetryAfter.wait(text, date: date) == seconds.map { .seconds($0) })
    }

    @Test("a date is no wait without a `Date` to count from")
    func needsDate() {
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:50:07 GMT", date: nil) == nil)
        #expect(RetryAfter.wait("7", date: nil) == .seconds(7))
    }
}
