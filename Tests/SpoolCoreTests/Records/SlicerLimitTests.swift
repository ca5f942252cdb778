import SpoolCore
import Testing

@Suite("Limits of the slicer")
struct SlicerLimitTests {
    @Test(
        "a list that is null is empty, unless the response has a total",
        arguments: [
            (#"{"data":null,"hasNext":false,"total":0}"#, true), (#"{"data": null }"#, true),
            (#"{"total":0,"data":null}"#, true), (#"{"data":null,"total":5}"#, false),
            (#"{"total":5,"data":null}"#, false), (#"{"data":null,"total":null}"#, false),
            (#"{"data":nothing}"#, false), (#"{"data":{}}"#, false), (#"{"hasNext":false}"#, false),
        ]
    )
    func null(text: String, isEmpty: Bool) throws {
        let answer = try? RecordSlicer.slice(Array(text.utf8))
        #expect(answer?.records.isEmpty == (isEmpty ? true : nil))
        if !isEmpty {
            #expect(throws: SliceError.noData) { try RecordSlicer.slice(Array(text.utf8)) }
        }
    }

    @Test("more records than allowed are refused before the rest is read")
    func tooMany() throws {
        let body = Array((#"{"data":["# + String(repeating: "{},", count: 9) + "{}").utf8)
        #expect(throws: SliceError.tooManyRecords(5)) { try RecordSlicer.slice(body, most: 5) }
        #expect(try RecordSlicer.slice(body + Array("]}".utf8), most: 10).records.count == 10)
    }

    @Test("values are found only at the top level, and in a broken record as far as it can be read")
    func values() {
        let record = Array(#"{"a":{"_id":"inner"},"_id" : "x","t":5,"x":"#.utf8)
        let found = RecordSlicer.values(of: ["_id", "t", "x"], in: record)
        #expect(
            found.mapValues { String(decoding: record[$0], as: UTF8.self) } == ["_id": "\"x\"", "t": "5"]
        )
        #expect(RecordSlicer.values(of: ["a"], in: Array("[1]".utf8)).isEmpty)
        #expect(RecordSlicer.values(of: ["a"], in: []).isEmpty)
    }

    @Test("nesting of any depth is parsed without recursion")
    func deep() throws {
        let depth = 1_000_000
        let body = Array(
            (#"{"data":["# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                + "]}").utf8
        )
        let answer = try RecordSlicer.slice(body)
        #expect(answer.records.map(\.isClean) == [false])
    }
}
