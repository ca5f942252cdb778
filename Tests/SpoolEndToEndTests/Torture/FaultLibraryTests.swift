import Foundation
import SpoolTestSupport
import Testing

extension Torture {
    @Suite("the library for disk faults", .enabled(if: FaultLibrary.isBuilt))
    struct FaultLibraryTests {
        private let folder: TemporaryFolder
        private let outside: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
            outside = try TemporaryFolder()
        }

        @Test("a record of all operations leads to the same files")
        func record() async throws {
            let record = outside.path("record")
            let environment = FaultLibrary.record(folder.path, to: record)
            for sql in [
                "PRAGMA page_size=512; CREATE TABLE t (a); INSERT INTO t VALUES (1), (randomblob(3000))",
                "PRAGMA journal_mode=WAL; INSERT INTO t VALUES (2), (zeroblob(5000))",
                "DELETE FROM t WHERE a <> 1; VACUUM",
            ] {
                let answer = try await Child.answer(
                    "sqlite3",
                    [folder.path("a.db"), sql],
                    environment: environment
                )
                #expect(answer.code == 0, "\(answer)")
            }
            let copy = try await Child.answer(
                "cp",
                [folder.path("a.db"), folder.path("b.db")],
                environment: environment
            )
            let move = try await Child.answer(
                "mv",
                [folder.path("b.db"), folder.path("c.db")],
                environment: environment
            )
            #expect(copy.code == 0 && move.code == 0, "\(copy) \(move)")

            let read = try DiskRecord(contentsOf: record)
            let seen = DiskModel(read, after: read.operations.count).seen

            #expect(Set(seen.keys) == ["a.db", "c.db"])
            for (name, content) in seen {
                #expect(Data(content.all) == (try Data(contentsOf: URL(fileURLWithPath: folder.path(name)))))
            }
            #expect(read.operations.contains { $0.kind == .synced })
            #expect(read.operations.contains { $0.kind == .folderSynced })
        }

        @Test("after a power cut everything that was committed is there")
        func cut() async throws {
            let record = outside.path("record")
            let answer = try await Child.answer(
                "sqlite3",
                [
                    folder.path("a.db"),
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (a);"
                        + (1...20).map { "INSERT INTO t VALUES (\($0));" }.joined(),
                ],
                environment: FaultLibrary.record(folder.path, to: record)
            )
            #expect(answer.code == 0, "\(answer)")
            let read = try DiskRecord(contentsOf: record)
            var random = SeededGenerator(seed: 1)
            // The first sync of the log's folder makes its name certain.
            let first = read.operations.lastIndex { $0.kind == .folderSynced } ?? 0

            for number in 0..<40 {
                let cut = Int.random(in: first + 1..<read.operations.count, using: &random)
                let committed = read.operations[first..<cut].count { $0.kind == .synced }
                let image = try TemporaryFolder()
                for (name, content) in DiskModel(read, after: cut).cut(using: &random) {
                    try content.write(to: image.path(name))
                }
                let found = try await Child.answer(
                    "sqlite3",
                    [image.path("a.db"), "PRAGMA integrity_check; SELECT count(*), max(a) FROM t;"]
                )
                let lines = found.output.split(separator: "\n")
                #expect(found.code == 0 || committed < 2, "\(number): \(found)")
                guard found.code == 0, lines.count == 2 else { continue }
                let counts = lines[1].split(separator: "|").compactMap { Int($0) }
                #expect(lines[0] == "ok", "\(number): \(found)")
                #expect(counts.first == counts.last, "\(number): \(found)")
                #expect((counts.first ?? 0) >= min(committed - 2, 20), "\(number): \(found)")
            }
        }

        @Test("the chosen call fails with the chosen error, and later calls succeed")
        func inject() async throws {
            let state = outside.path("state")
            let rule = FaultInjection(target: .write, fault: .ENOSPC, first: 1, count: 1)
            let environment = FaultLibrary.inject(rule, in: folder.path, files: "a.db", state: state)
            let arguments = [folder.path("a.db"), "CREATE TABLE t (a)"]

            let failed = try await Child.answer("sqlite3", arguments, environment: environment)
            let after = FaultState(state)
            let succeeded = try await Child.answer("sqlite3", arguments, environment: environment)

            #expect(failed.code != 0 && failed.errors.contains("full"), "\(failed)")
            #expect(after.affected == 1 && after.calls[.write] == 1)
            #expect(succeeded.code == 0, "\(succeeded)")
            #expect(FaultState(state).affected == 1)
        }

        @Test(
            "SQLite reports a failed read or sync, and completes a short write",
            arguments: [
                (FaultInjection(target: .sync, fault: .EIO, first: 1, count: 1), false),
                (FaultInjection(target: .read, fault: .EIO, first: 1, count: 1), false),
                (FaultInjection(target: .open, fault: .EIO, first: 1, count: 0), false),
                (FaultInjection(target: .write, fault: .short, first: 1, count: 3), true),
                (FaultInjection(target: .sync, fault: .delay, first: 1, count: 1, milliseconds: 50), true),
            ]
        )
        func others(_ rule: FaultInjection, _ succeeds: Bool) async throws {
            let state = outside.path("state")
            let prepared = try await Child.answer("sqlite3", [folder.path("a.db"), "CREATE TABLE t (a)"])
            let answer = try await Child.answer(
                "sqlite3",
                [folder.path("a.db"), "INSERT INTO t VALUES (1)"],
                environment: FaultLibrary.inject(rule, in: folder.path, files: "a.db", state: state)
            )

            #expect(prepared.code == 0)
            #expect((answer.code == 0) == succeeds, "\(answer)")
            #expect(FaultState(state).affected > 0)
        }
    }
}
