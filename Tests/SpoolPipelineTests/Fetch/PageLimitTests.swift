import SpoolPipeline
import Testing

@Suite("Page limit")
struct PageLimitTests {
    var limit = PageLimit(most: 5_000)

    @Test("a body over the size limit halves it immediately, down to a single record")
    mutating func halves() {
        var seen: [Int] = []
        for _ in 0..<14 {
            limit.wasTooLarge()
            seen.append(limit.current)
        }

        #expect(seen == [2_500, 1_250, 625, 312, 156, 78, 39, 19, 9, 4, 2, 1, 1, 1])
    }

    @Test("only the second truncation in a row halves it")
    mutating func secondTruncation() {
        limit.wasCutOff()
        #expect(limit.current == 5_000)
        limit.wasCutOff()
        #expect(limit.current == 2_500)
        limit.wasCutOff()
        limit.cameWhole()
        limit.wasCutOff()
        #expect(limit.current == 2_500)
    }

    @Test("grows by half after eight complete pages, up to its maximum")
    mutating func growsSlowly() {
        for _ in 0..<13 { limit.wasTooLarge() }
        var pages = 0
        while limit.current < 5_000 {
            limit.cameWhole()
            pages += 1
        }

        #expect(pages == 8 * 21)
        #expect(limit == PageLimit(most: 5_000))
    }
}
