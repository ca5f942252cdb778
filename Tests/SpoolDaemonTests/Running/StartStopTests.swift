import Foundation
import Logging
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolDaemon

@Suite("a stop during the start", .timeLimit(.minutes(5)))
struct StartStopTests {
    private let folder: TemporaryFolder
    private var spoolPath: String { folder.path("spool.db") }

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            """
            spool: { path: \(folder.path("spool.db")) }
            sources:
              - name: tenant
                type: defender-cloud-apps
                url: http://127.0.0.1:9
                auth: { token: file:\(try folder.write("token", to: "token")) }
                streams: { activities: {} }
            sinks:
              - { name: siem, type: syslog, address: "127.0.0.1:9", streams: [tenant/activities] }
            status: { listen: none }
            """,
            to: "spool.yaml"
        )
    }

    private func daemon(_ log: LogNotes) -> Daemon {
        Daemon(
            configuration: folder.path("spool.yaml"),
            environment: [:],
            logger: Logger(label: "test") { _ in LogNotes.Handler(notes: log) }
        )
    }

    /// The number of runs in the spool, and how many of them were not closed.
    private func runs() async throws -> (all: Int64, open: Int64) {
        let spool = try Spool.openReadOnly(path: spoolPath)
        let found = Mutex<[Int64]>([])
        try await spool.query(
            "SELECT count(*), count(*) - count(ended_ms) FROM run",
            header: { _ in },
            row: { values in
                let numbers = values.map { if case .integer(let number) = $0 { number } else { Int64(-1) } }
                found.withLock { $0 = numbers }
                return false
            }
        )
        return found.withLock { ($0[0], $0[1]) }
    }

    @Test("before the spool is opened prevents the opening")
    func before() async throws {
        let stop = ShutdownRequest()
        stop.ask()

        try await daemon(LogNotes()).run(until: stop, Reloads())

        #expect(!FileManager.default.fileExists(atPath: spoolPath))
    }

    @Test("ends the wait for a process that holds the spool and does not answer")
    func whileLocked() async throws {
        let holder = try Spool.open(path: spoolPath, at: SystemTime.now())
        let (log, stop) = (LogNotes(), ShutdownRequest())
        let daemon = daemon(log)
        let ended = Task { try await daemon.run(until: stop, Reloads()) }
        await log.wait(for: "waiting for the spool")

        stop.ask()
        // It would wait for 25 seconds.
        let hasEnded = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await ended.value
                return true
            }
            group.addTask {
                try await Task.sleep(for: .seconds(15))
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() == true
        }
        try await holder.close(at: SystemTime.now())

        #expect(hasEnded)
        let (all, open) = try await runs()
        #expect(all == 1 && open == 0)
    }
}
