import SpoolCore
import SpoolNetwork
import SpoolTestSupport
import Testing

@testable import SpoolSources

/// Limits what a peer can make the program store, read or compute.
@Suite("Responses of a hostile peer", .timeLimit(.minutes(5)))
struct HostilePeerTests {
    private func fault(
        _ answer: String,
        forever: [UInt8] = [],
        bodyCap: Int = 1 << 20,
        limit: Int = 500
    ) async throws -> SourceFault? {
        let server = try await RawServer.start(answering: Array(answer.utf8), forever: forever)
        let source = try Portals.source("http://127.0.0.1:\(server.port)", bodyCap: bodyCap)
        let stream = try #require(source.streams.first)
        let scan = Scan(reason: .poll, from: Timestamp(milliseconds: 0), to: nil, filterHash: "")
        var found: SourceFault?
        do throws(SourceFault) {
            _ = try await source.page(of: stream, scan: scan, limit: limit)
        } catch {
            found = error
        }
        await source.shutDown()
        try await server.stop()
        return found
    }

    private func answer(_ body: String, headers: String = "") -> String {
        "HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\n\(headers)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("a body without an end is abandoned at the size limit, with an unknown length or chunked")
    func endlessBody() async throws {
        let head = "HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\n"
        let piece = [UInt8](repeating: 0x20, count: 60_000)
        let unframed = try await fault(head + "Connection: close\r\n\r\n", forever: piece)
        #expect(unframed?.kind == .tooLarge)

        // Also if a single record was requested: the body is not one, and is not kept as one.
        let single = try await fault(head + "Connection: close\r\n\r\n", forever: piece, limit: 1)
        #expect(single?.kind == .tooLarge)

        let chunk = Array("EA60\r\n".utf8) + piece + Array("\r\n".utf8)
        let chunked = try await fault(head + "Transfer-Encoding: chunked\r\n\r\n", forever: chunk)
        #expect(chunked?.kind == .tooLarge)
    }

    @Test("headers without an end are rejected")
    func endlessHeaders() async throws {
        let fields = Array((String(repeating: "X-A: b\r\n", count: 1_000)).utf8)
        #expect(try await fault("HTTP/1.1 200 OK\r\n", forever: fields) != nil)
        let value = [UInt8](repeating: UInt8(ascii: "x"), count: 60_000)
        #expect(try await fault("HTTP/1.1 200 OK\r\nX-A: ", forever: value) != nil)
    }

    @Test("a length that overflows is not HTTP")
    func hugeLength() async throws {
        let length = String(repeating: "9", count: 40)
        let found = try await fault("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n{}")
        #expect(found?.kind == .nonsense)
    }

    @Test("many more records than requested are not read, and fewer are requested")
    func manyRecords() async throws {
        func body(_ count: Int) -> String {
            #"{"data":["# + String(repeating: "{},", count: count - 1) + #"{}],"hasNext":false}"#
        }
        #expect(try await fault(answer(body(5_500)), limit: 500) == nil)
        let found = try await fault(answer(body(5_501)), limit: 500)
        #expect(found?.kind == .tooLarge)
        #expect(found?.description.contains("more than 5500 records") == true)
    }

    @Test("an invalid continuation token is not kept")
    func hugePlace() async throws {
        let place = #"{"x":""# + String(repeating: "x", count: 70_000) + "\"}"
        let found = try await fault(answer(#"{"data":[],"hasNext":true,"nextQueryFilters":\#(place)}"#))
        #expect(found?.kind == .nonsense)
        #expect(found?.description.contains("continuation token") == true)
    }

    @Test("a field named in a rejection is shown in part, and printable")
    func namedField() async throws {
        let name = "\u{1B}[2J" + String(repeating: "x", count: 500)
        let body = #"{"\#(name.replacing("\u{1B}", with: #"\u001b"#))":[]}"#
        let text = "HTTP/1.1 400 Bad Request\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let found = try await fault(text)
        #expect(found?.kind == .rejected)
        #expect(found?.description.contains("\u{1B}") == false)
        #expect((found?.description.utf8.count ?? .max) < 400)
    }

    @Test(
        "lone surrogates, a long name and a long separator cost no more than their length",
        arguments: [200_000]
    )
    func slowTexts(count: Int) {
        let halves =
            #"{"_id":"x","created":5,"description":""# + String(repeating: #"\ud83d"#, count: count) + "\"}"
        let reading = RecordParser(kind: .activity, date: Timestamp(milliseconds: 0))
        #expect(reading.event(of: Array(halves.utf8)[...]).isReadable)

        let many = String(repeating: "a", count: count)
        let record =
            #"{"_id":"x","created":5,"description":"\#(many)b","description_metadata":{"colon":"\#(many):"}}"#
        #expect(reading.event(of: Array(record.utf8)[...]).isReadable)
    }

    @Test("a `Date` of any year is a time or none, and never crashes the process")
    func dates() async throws {
        for year in ["300000000", "99999999999999999999", "0000", "9999", "-1"] {
            let text =
                "HTTP/1.1 200 OK\r\nDate: Fri, 01 Jan \(year) 00:00:00 GMT\r\n"
                + "Retry-After: Fri, 01 Jan \(year) 00:00:00 GMT\r\n"
                + "Content-Length: 27\r\n\r\n{\"data\":[],\"hasNext\":false}"
            _ = try await fault(text)
            _ = try await fault(text.replacing("200 OK", with: "429 Slow"))
        }
    }
}
