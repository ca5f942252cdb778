import SpoolCore
import SpoolPipeline
import Testing

@Suite("Race", .timeLimit(.minutes(5)))
struct RaceTests {
    @Test("the first end cancels the other parts, whose results follow its own")
    func ends() async {
        let results = await race(
            {
                await ChangeSignal().changed(after: 0)
                return Task.isCancelled ? "cancelled" : "notified"
            },
            { "first" }
        )

        #expect(results == ["first", "cancelled"])
    }

    @Test("work between the first end and the cancellation is done before the others are cancelled")
    func between() async {
        let other = ChangeSignal()
        let ended = ChangeSignal()
        let results = await race(
            {
                await other.changed(after: 0)
                ended.notify()
                return Task.isCancelled ? "cancelled" : "asked to end"
            },
            { "first" },
            beforeCancelling: {
                other.notify()
                await ended.changed(after: 0)
            }
        )

        #expect(results == ["first", "asked to end"])
    }

    @Test("without parts there is nothing to wait for")
    func empty() async {
        let results: [Int] = await race([])

        #expect(results.isEmpty)
    }
}
