import SpoolPipeline
import Testing

@Suite("Retry policy")
struct RetryPolicyTests {
    @Test(
        "doubles its bound with each failure up to the cap",
        arguments: [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1_000_000, 60)]
    )
    func doubles(failures: Int, bound: Int) {
        #expect(RetryPolicy.link.delay(afterFailures: failures, chance: 1) == .seconds(bound))
    }

    @Test("uses full jitter for a link")
    func fullJitter() {
        #expect(RetryPolicy.link.delay(afterFailures: 5, chance: 0) == .zero)
        #expect(RetryPolicy.link.delay(afterFailures: 5, chance: 0.5) == .seconds(8))
    }

    @Test(
        "never probes a wrong setting before half its bound",
        arguments: [(1, 15), (2, 30), (20, 150)]
    )
    func settingFloor(failures: Int, least: Int) {
        #expect(RetryPolicy.setting.delay(afterFailures: failures, chance: 0) == .seconds(least))
    }
}
