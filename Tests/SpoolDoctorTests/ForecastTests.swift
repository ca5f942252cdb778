import SpoolConfig
import SpoolCore
import SpoolStore
import Testing

@testable import SpoolDoctor

@Suite("the forecast of the spool's size, and SQLite releases")
struct ForecastTests {
    private static let gibibyte: Int64 = 1 << 30

    private func forecast(lastDay: Int, inUse: Int64 = gibibyte, maxSize: Int64 = 20 << 30, free: Int64)
        -> GrowthForecast
    {
        // One KiB per event.
        let growth = SpoolGrowth(lastDay: lastDay, kept: Int(inUse >> 10), inUse: inUse)
        return GrowthForecast(growth, retention: .days(30), maxSize: maxSize, free: free)
    }

    @Test("retention keeps a slow spool below both limits")
    func steady() {
        let slow = forecast(lastDay: 100_000, free: 100 << 30)

        #expect(slow.days == nil && slow.limit == nil)
        #expect(slow.steady == 100_000 * 30 * 1_024)
    }

    @Test("a fast spool reaches the smaller limit: max_size or the disk")
    func limits() throws {
        let size = forecast(lastDay: 1 << 20, free: 100 << 30)
        let disk = forecast(lastDay: 1 << 20, free: 4 << 30)

        #expect(size.limit == .maxSize)
        #expect(abs(try #require(size.days) - 19) < 0.01)
        #expect(disk.limit == .disk)
        #expect(abs(try #require(disk.days) - 4) < 0.01)
    }

    @Test("above the limit no day is left; an empty spool has no forecast")
    func ends() {
        #expect(forecast(lastDay: 1 << 20, inUse: 21 << 30, free: 1 << 30).days == 0)
        #expect(forecast(lastDay: 0, inUse: 64 << 10, free: 1 << 30).days == nil)
    }

    @Test("a spool on a network file system is a problem, one in memory a warning")
    func fileSystems() {
        let checks = MachineChecks(configurationPath: "spool.yaml", settings: SpoolSettings(), warnings: [])

        let mounts = """
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
            30 22 0:25 / /run rw - tmpfs tmpfs rw
            40 22 0:40 /export /mnt/spool rw shared:7 - nfs4 server:/export rw

            """

        #expect(FileSystem(of: "/var/lib/spool", mounts: mounts) == .disk)
        #expect(FileSystem(of: "/run/spool", mounts: mounts) == .memory)
        #expect(FileSystem(of: "/runner", mounts: mounts) == .disk)
        #expect(FileSystem(of: "/mnt/spool", mounts: mounts) == .network)
        #expect(FileSystem(of: "/var", mounts: "") == nil)
        #expect(checks.fileSystem(.network, at: "/mnt").verdict == .problem)
        #expect(checks.fileSystem(.memory, at: "/tmp").verdict == .warning)
        #expect(checks.fileSystem(.disk, at: "/var").verdict == .ok)
    }

    @Test(
        "releases with the WAL-reset race are known, including the fixed ones of older series",
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
