import SpoolCore
import SpoolPipeline
import Testing

@Suite("Batch size")
struct BatchSizeTests {
    @Test("is halved down to a single event, and doubles with each settled batch up to its maximum")
    func halvesAndDoubles() {
        var size = BatchSize(BatchLimit(events: 1_000, bytes: 77))
        var halves: [Int] = []
        var doubles: [Int] = []
        for _ in 0..<11 {
            size.shrink(count: size.limit.events)
            halves.append(size.limit.events)
        }
        for _ in 0..<11 {
            size.grow()
            doubles.append(size.limit.events)
        }

        #expect(halves == [500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1])
        #expect(doubles == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 1_000])
        #expect(size.limit.bytes == 77)
    }

    @Test("is halved from the actual size of the batch, not from its limit")
    func smallBatch() {
        var size = BatchSize(BatchLimit(events: 1_000))
        size.shrink(count: 6)

        #expect(size.limit.events == 3)
    }

    @Test(
        "isolates one bad event of a thousand in about three times the logarithm of that number",
        arguments: [0, 1, 499, 500, 777, 999]
    )
    func isolates(bad: Int) {
        var size = BatchSize(BatchLimit(events: 1_000))
        var head = 0
        var sendings = 0
        while head <= bad {
            let count = size.limit.events
            sendings += 1
            if (head..<head + count).contains(bad) {
                if count == 1 { head += 1 } else { size.shrink(count: count) }
            } else {
                head += count
                size.grow()
            }
        }

        #expect(sendings <= 32)
    }
}
