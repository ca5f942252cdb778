import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolStore

@Suite("Backups")
struct BackupTests {
    @Test("a copy made during writes is complete, contains them, and opens as a spool")
    func whileWriting() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        // About 13 MiB: four steps, with pages written between them.
        for page in 0..<10 { try await test.append(stream, Self.events(page)) }
        let file = test.folder.path("copy.db")
        let steps = Mutex<[BackupProgress]>([])

        async let report = test.spool.backup(to: file) { step in steps.withLock { $0.append(step) } }
        for page in 10..<14 { try await test.append(stream, Self.events(page)) }
        let made = try await report
        try await test.append(stream, Self.events(99))

        #expect(made.file == file && made.events >= 1_000 && made.events <= 1_400)
        #expect(made.events % 100 == 0)
        #expect(steps.withLock { $0.count { $0.step == .copying } } > 2)
        #expect(steps.withLock { $0.last?.step } == .checking)
        #expect(try Self.files(in: test.folder, beginning: "copy.db") == ["copy.db"])
        let copy = try Spool.open(path: file, options: .small, at: .t(1))
        #expect(copy.endedUncleanly)
        #expect(try await copy.status().streams.map(\.kept) == [made.events])
        try await copy.close(at: .t(2))
    }

    @Test("an existing file is never overwritten, nor one that another backup is writing")
    func refuses() async throws {
        let test = try TestSpool()
        let file = test.folder.path("copy.db")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: file))

        let taken = await #expect(throws: StoreError.self) { try await test.spool.backup(to: file) { _ in } }
        try Data().write(to: URL(fileURLWithPath: file + "2.partial"))
        let busy = await #expect(throws: StoreError.self) {
            try await test.spool.backup(to: file + "2") { _ in }
        }
        let nowhere = await #expect(throws: StoreError.self) {
            try await test.spool.backup(to: "/nonexistent/copy.db") { _ in }
        }

        #expect(taken?.kind == .invalid && busy?.kind == .invalid && nowhere?.kind == .readOnly)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
        #expect(FileManager.default.fileExists(atPath: file + "2.partial"))
    }

    @Test("an interrupted backup leaves nothing behind, and the spool stays usable")
    func cancelled() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        for page in 0..<10 { try await test.append(stream, Self.events(page)) }
        let file = test.folder.path("copy.db")

        let begun = ChangeSignal()
        let handle = Mutex<Task<BackupReport, any Error>?>(nil)
        let task = Task { [spool = test.spool] in
            await begun.changed(after: 0)
            // After its first step.
            return try await spool.backup(to: file) { _ in handle.withLock { $0?.cancel() } }
        }
        handle.withLock { $0 = task }
        begun.notify()
        let result = await task.result

        #expect(throws: StoreError.self) { try result.get() }
        #expect(try Self.files(in: test.folder, beginning: "copy.db").isEmpty)
        try await test.append(stream, Self.events(50))
        let report = try await test.spool.backup(to: file) { _ in }
        #expect(report.events == 1_100)
    }

    @Test(
        "a full disk of the copy is reported, and the spool is not affected",
        .enabled(if: TemporaryDisk.isPossible)
    )
    func fullDisk() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        for page in 0..<10 { try await test.append(stream, Self.events(page)) }
        let disk = try TemporaryDisk(bytes: 4 << 20)

        let fault = await #expect(throws: StoreError.self) {
            try await test.spool.backup(to: disk.folder.path + "/copy.db") { _ in }
        }

        #expect(fault?.kind == .full)
        try await test.append(stream, Self.events(50))
    }

    private static func events(_ page: Int) -> [Event] {
        (0..<100).map { .at(page * 100 + $0, message: String(repeating: "m", count: 12_000)) }
    }

    private static func files(in folder: TemporaryFolder, beginning: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(beginning) }
    }
}
