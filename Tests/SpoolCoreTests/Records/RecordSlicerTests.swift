import Foundation
import SpoolTestSupport
import Testing

@testable import SpoolCore

@Suite("Slicing a response into records")
struct RecordSlicerTests {
    private func slices(_ text: String) throws -> [String] {
        let body = Array(text.utf8)
        return try RecordSlicer.slice(body).records.map { String(decoding: body[$0.range], as: UTF8.self) }
    }

    @Test(
        "each element of `data` is sliced byte by byte, wherever the key is",
        arguments: [
            (#"{"data":[{"a":1},{"b":2}],"hasNext":false}"#, [#"{"a":1}"#, #"{"b":2}"#]),
            (#"{"hasNext":true,"total":7,"data":[{"a":1}]}"#, [#"{"a":1}"#]),
            ("\u{FEFF} {\n \"data\" : [\n {\"a\" : [1, 2]} ,\r\n\t{} ] } \n", [#"{"a" : [1, 2]}"#, "{}"]),
            (#"{"other":{"data":[1,2]},"data":[3]}"#, ["3"]),
            (
                #"{"other":[{"data":[1]}],"data":[null,"x",[4,[5]],1e3,true]}"#,
                ["null", #""x""#, "[4,[5]]", "1e3", "true"]
            ),
            (#"{"data":[{"t":"]}\",\\"},{"t":"\\\\"}]}"#, [#"{"t":"]}\",\\"}"#, #"{"t":"\\\\"}"#]),
            (#"{"data":[]}"#, []), (#"{"data": [ ] }"#, []),
            (#"{"data":[{"Level":1,"level":2,"data":[9]}]}"#, [#"{"Level":1,"level":2,"data":[9]}"#]),
        ]
    )
    func slicesElements(text: String, expected: [String]) throws {
        #expect(try slices(text) == expected)
    }

    @Test(
        "every record of the samples is found, and decodes to the same values as in the whole response",
        arguments: [SampleFile.activities, .alerts]
    )
    func slicesSamples(file: SampleFile) throws {
        let data = try file.data()
        let whole = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let expected = try #require(whole["data"] as? [NSDictionary])

        let answer = try RecordSlicer.slice(Array(data))

        let found = try answer.records.map {
            try #require(try JSONSerialization.jsonObject(with: data[$0.range]) as? NSDictionary)
        }
        #expect(found == expected)
        #expect(answer.records.allSatisfy { $0.isClean })
        #expect(answer.hasNext == false)
    }

    @Test(
        "`hasNext` has the response's value, and is nil without one",
        arguments: [
            (#"{"data":[],"hasNext":true}"#, true), (#"{"hasNext":false,"data":[]}"#, false),
            (#"{"data":[]}"#, nil), (#"{"data":[],"hasNext":null}"#, nil),
            (#"{"data":[],"hasNext":"true"}"#, nil),
        ] as [(String, Bool?)]
    )
    func readsHasNext(text: String, expected: Bool?) throws {
        #expect(try RecordSlicer.slice(Array(text.utf8)).hasNext == expected)
    }

    @Test("`nextQueryFilters` is returned byte by byte, with its white space and order of keys")
    func keepsNextFilters() throws {
        let filters = #"{ "created" : {"lt":2,  "gte":1}, "text": {"text":"a \"} b"} }"#
        let body = Array((#"{"data":[],"nextQueryFilters": "# + filters + #" ,"hasNext":true}"#).utf8)

        let answer = try RecordSlicer.slice(body)

        let range = try #require(answer.nextQueryFilters)
        #expect(String(decoding: body[range], as: UTF8.self) == filters)
    }

    @Test(
        "`nextQueryFilters` that is not an object counts as missing",
        arguments: ["null", "[]", #""x""#, "7"]
    )
    func ignoresOddNextFilters(value: String) throws {
        let body = Array((#"{"data":[],"hasNext":true,"nextQueryFilters":"# + value + "}").utf8)
        #expect(try RecordSlicer.slice(body).nextQueryFilters == nil)
    }

    @Test("a body cut off anywhere is an error, never a short page")
    func refusesEveryTruncation() throws {
        let body = Array(
            #" {"total":2,"data":[{"a":"\"é\\"},{"b":[1,{}]}],"nextQueryFilters":{"c":{}},"hasNext":true}"#
                .utf8
        )
        _ = try RecordSlicer.slice(body)

        for length in 0..<body.count {
            let error = #expect(throws: SliceError.self) {
                try RecordSlicer.slice(Array(body.prefix(length)))
            }
            // Before the first brace nothing can be cut off.
            #expect(error == (length < 2 ? .notAnObject : .truncated))
        }
    }

    @Test(
        "bodies that are not responses have different errors",
        arguments: [
            ("<html><body>Sign in</body></html>", SliceError.notAnObject), ("[1,2]", .notAnObject),
            ("\"text\"", .notAnObject), ("", .notAnObject), ("{}", .noData), (#"{"error":true}"#, .noData),
            (#"{"data":{}}"#, .noData), (#"{"data":null,"total":1}"#, .noData),
            (#"{"data":[{} {}]}"#, .malformed(at: 12)), (#"{"data":[{},]}"#, .malformed(at: 12)),
            (#"{"data":[,{}]}"#, .malformed(at: 9)), (#"{"data":[{"a":[1}]}"#, .malformed(at: 16)),
            (#"{"data":[1]} x"#, .malformed(at: 13)), (#"{"data":[1]}{"data":[2]}"#, .malformed(at: 12)),
            (#"{"data":[1],"data":[2]}"#, .malformed(at: 19)), (#"{data:[1]}"#, .malformed(at: 1)),
            (#"{"data" [1]}"#, .malformed(at: 8)),
        ]
    )
    func refusesOtherBodies(text: String, expected: SliceError) {
        #expect(throws: expected) { try RecordSlicer.slice(Array(text.utf8)) }
    }

    @Test(
        "a record with invalid text is sliced like others and marked",
        arguments: [
            [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80], [0xC3],
            [0xF0, 0x9F, 0x98], [0xFF], [0x0A], [0x00], [0x1F],
        ] as [[UInt8]]
    )
    func marksInvalidText(bytes: [UInt8]) throws {
        let bad = Array(#"{"a":"x"#.utf8) + bytes + Array(#"y"}"#.utf8)
        let body = Array(#"{"data":[{"a":1},"#.utf8) + bad + Array(#",{"b":2}],"hasNext":false}"#.utf8)

        let answer = try RecordSlicer.slice(body)

        #expect(answer.records.map(\.isClean) == [true, false, true])
        #expect(Array(body[answer.records[1].range]) == bad)
    }

    @Test("all of Unicode's ranges, escapes and pretty printing are clean text")
    func acceptsValidText() throws {
        let text =
            "{\"data\":[{\n\t\"a\" :\r\n \"\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF} \\n\\u0000\\ud800\"}]}"
        #expect(try RecordSlicer.slice(Array(text.utf8)).records.map(\.isClean) == [true])
    }

    @Test("invalid bytes outside strings also mark the record")
    func marksBytesBetweenTokens() throws {
        let body = Array(#"{"data":[{"a":"#.utf8) + [0xC3, 0xA9] + Array("},{}]}".utf8)
        #expect(try RecordSlicer.slice(body).records.map(\.isClean) == [false, true])
    }

    @Test("nesting has no limit")
    func followsDeepNesting() throws {
        let depth = 200_000
        let body = Array(
            (#"{"data":["# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                + "]}").utf8
        )
        #expect(try RecordSlicer.slice(body).records.map(\.range.count) == [2 * depth])
    }

    @Test("a body that is a single record is read completely")
    func takesSingleRecord() throws {
        let body = Array(" {\"_id\":\"a\",\"data\":[1]}\n".utf8)
        #expect(try RecordSlicer.single(body) == SlicedRecord(range: 1..<body.count - 1, isClean: true))
        #expect(throws: SliceError.truncated) { try RecordSlicer.single(Array(#"{"_id":"a""#.utf8)) }
        #expect(throws: SliceError.malformed(at: 3)) { try RecordSlicer.single(Array("{} {}".utf8)) }
        #expect(throws: SliceError.notAnObject) { try RecordSlicer.single(Array("null".utf8)) }
    }

    @Test(
        "the id of a record that was cut off is found if it is before the cut",
        arguments: [
            (#"{"data":[{"_id":"ab_1","big":"xxxx"#, "ab_1"),
            (#"{"total":1,"data":[{"n":{"_id":"no"},"_id":"yes","#, "yes"),
            (#"{"data":[{"big":"xxxx"#, nil), (#"{"data":[{"_id":"a\u0062","#, nil),
            (#"{"data":[{"_id":7,"#, nil),
            (#"{"data":[]"#, nil), (#"{"data":["#, nil), ("<html>", nil), (#"{"data":[{"_id":"ab"#, nil),
        ] as [(String, String?)]
    )
    func findsIDBeforeCut(text: String, expected: String?) {
        let body = Array(text.utf8)
        let found = RecordSlicer.text(of: "_id", inFirstRecordOf: body).map {
            String(decoding: body[$0], as: UTF8.self)
        }
        #expect(found == expected)
    }
}
