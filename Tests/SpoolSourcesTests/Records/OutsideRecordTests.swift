import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Records outside the requested window")
struct OutsideRecordTests {
    private let date = Timestamp(milliseconds: 1_795_000_000_000)

    private func page(_ records: String, from: Duration, to: Duration? = nil) throws -> Page {
        let scan = Scan(reason: .poll, from: date - from, to: to.map { date - $0 }, filterHash: "")
        let body = Array(#"{"data":[\#(records)],"hasNext":false}"#.utf8)
        let list = try ListAnswer(body, kind: .alert, date: date)
        return try DefenderAnswer(list: list, position: ScanPosition(), scan: scan).page(leaving: [])
    }

    private func alert(_ id: String, _ age: Duration) -> String {
        #"{"_id":"\#(id)","timestamp":\#((date - age).milliseconds)}"#
    }

    @Test("are part of the page, marked, and end the scan like any other")
    func marked() throws {
        let page = try page(
            alert("old", .minutes(10)) + "," + alert("in", .minutes(4)) + "," + alert("late", .minutes(1)),
            from: .minutes(5),
            to: .minutes(2)
        )

        #expect(page.next == nil)
        #expect(page.records.map(\.event.externalID) == ["old", "in", "late"])
        #expect(page.records.map(\.isOutside) == [true, false, true])
        // Retention must not delete it immediately, because the source would return it again.
        #expect(page.records.map(\.hasOwnTime) == [false, true, false])
        #expect(page.records[0].event.created == date - .minutes(10))
    }

    @Test("a record up to a second beyond either bound is not outside: a source may round to it")
    func rounded() throws {
        let page = try page(
            alert("a", .seconds(301)) + "," + alert("b", .milliseconds(119_001)),
            from: .minutes(5),
            to: .minutes(2)
        )
        #expect(page.records.map(\.isOutside) == [false, false])
    }

    @Test("a time in seconds is outside as received, and interpreted by its actual value")
    func seconds() throws {
        let record = #"{"_id":"s","timestamp":1794999900}"#
        let page = try page(record, from: .minutes(5))

        #expect(page.records.map(\.isOutside) == [true])
        #expect(page.records.map(\.event.created) == [date - .seconds(100)])
        #expect(page.records.map(\.event.occurred) == [date - .seconds(100)])
        #expect(page.records.map(\.event.isReadable) == [true])
    }

    @Test("a record without a time is never outside")
    func timeless() throws {
        let page = try page(#"{"_id":"x"}"#, from: .minutes(5))
        #expect(page.records.map(\.isOutside) == [false])
    }
}
