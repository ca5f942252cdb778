import SpoolCore
import SpoolStore
import Testing

@testable import SpoolDoctor

@Suite("what the spool comes to, and which SQLite carries it")
struct ForecastTests {
    private static let gibibyte: Int64 = 1 << 30

    private func forecast(lastDay: Int, inUse: Int64 = gibibyte, maxSize: Int64 = 20 << 30, free: Int64)
        -> GrowthForecast
    {
        // A KiB an event.
        let growth = SpoolGrowth(lastDay: lastDay, kept: Int(inUse >> 10), inUse: inUse)
        return GrowthForecast(growth, retention: .days(30), maxSize: maxSize, free: free)
    }

    @Test("retention keeps a slow spool below both limits")
    func steady() {
        let slow = forecast(lastDay: 100_000, free: 100 << 30)

        #expect(slow.days == nil && slow.limit == nil)
        #expect(slow.steady == 100_000 * 30 * 1_024)
    }

    @Test("a fast one reaches what is smaller: max_size, or the disk")
    func limits() throws {
        let size = forecast(lastDay: 1 << 20, free: 100 << 30)
        let disk = forecast(lastDay: 1 << 20, free: 4 << 30)

        #expect(size.limit == .maxSize)
        #expect(abs(try #require(size.days) - 19) < 0.01)
        #expect(disk.limit == .disk)
        #expect(abs(try #require(disk.days) - 4) < 0.01)
    }

    @Test("what is over the limit already has no day left; an empty spool has no forecast")
    func ends() {
        #expect(forecast(lastDay: 1 << 20, inUse: 21 << 30, free: 1 << 30).days == 0)
        #expect(forecast(lastDay: 0, inUse: 64 << 10, free: 1 << 30).days == nil)
    }

    @Test(
        "releases with the WAL-reset race are known, the corrected ones of older series too",
        arguments: [
            ("3.6.23", false), ("3.7.0", true), ("3.40.1", true), ("3.44.5", true), ("3.44.6", false),
            ("3.45.0", true), ("3.50.6", true), ("3.50.7", false), ("3.51.0", true), ("3.51.2", true),
            ("3.51.3", false), ("3.53.0", false),
        ]
    )
    func race(_ release: String, _ hasRace: Bool) {
        #expect(SQLiteRelease(release).hasWALResetRace == hasRace)
        #expect(SQLiteRelease(release).description == release)
    }
}
