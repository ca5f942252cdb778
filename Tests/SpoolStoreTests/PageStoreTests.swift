import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite struct PageStoreTests {
    @Test("a page's events come out of a batch in order, text by text, with their raw bytes")
    func appendThenBatch() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        let events = [Event.at(1), .at(2, message: "naïve\nтест 漢字")]

        let receipt = try await test.append(stream, events)
        let batch = try #require(
            try await test.spool.batch(of: stream, after: Seq(0), limit: BatchLimit(), raw: true)
        )

        #expect(receipt.inserted == 2)
        #expect(batch.ids == ["e1", "e2"])
        #expect(batch.string(.message, at: 1) == "naïve\nтест 漢字")
        #expect(batch.string(.raw, at: 1) == "{\"_id\":\"e2\"}")
        #expect(batch.occurred == [Timestamp.t(1).milliseconds, Timestamp.t(2).milliseconds])
        #expect(batch.severities == [1, 1])
        #expect(batch.string(.link, at: 0) == "")
        #expect(batch.breaks == [])
    }
}
