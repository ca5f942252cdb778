import ArgumentParser
import Foundation
import SpoolCore
import SpoolStore
import SpoolTestSupport
import Testing

@testable import spool

/// The commands shown in README and docs are valid.
struct ExampleTests {
    private static let commands = Documentation.examples.filter { $0.words.first == "spool" }
    private static let targets = Documentation.examples.filter { $0.words.first == "make" }
    private static let statements = Documentation.examples.filter { $0.sql != nil }

    @Test("the pages show only known programs, with enough examples of each kind")
    func kinds() {
        let programs = Set(Documentation.examples.compactMap(\.words.first))

        let others: Set = ["sqlite3", "systemctl", "install", "curl", "swift", "mkdir", "printf"]
        #expect(programs == others.union(["spool", "make"]))
        #expect(Self.commands.count > 10)
        #expect(Self.statements.count > 10)
    }

    @Test("every `spool …` is parsed: command, options and values", arguments: commands)
    func command(_ example: Documentation.Example) throws {
        let command = try SpoolCommand.parseAsRoot(Array(example.words.dropFirst()))

        #expect(!(command is SpoolCommand), "it prints only the help")
    }

    @Test("every `make …` names an existing target", arguments: targets)
    func target(_ example: Documentation.Example) throws {
        let makefile = Documentation.read("Makefile").components(separatedBy: "\n")

        for target in example.words.dropFirst() {
            #expect(makefile.contains { $0.hasPrefix("\(target):") })
        }
    }

    @Test("every SQL statement matches the schema", arguments: statements)
    func statement(_ example: Documentation.Example) async throws {
        let folder = try TemporaryFolder()
        var options = SpoolOptions(holder: "test")
        options.reserveBytes = 0
        let store = try Spool.open(
            path: folder.path("spool.db"),
            options: options,
            at: Timestamp(milliseconds: 0)
        )
        let sql = try #require(example.sql)

        try await store.query("EXPLAIN \(sql)", header: { _ in }, row: { _ in true })
        try await store.close(at: Timestamp(milliseconds: 0))
    }
}

extension Documentation.Example {
    /// The SELECT that it passes to `sqlite3` or `spool query`.
    fileprivate var sql: String? {
        let asks = words.first == "sqlite3" || words.starts(with: ["spool", "query"])
        guard asks, let last = words.last, last.lowercased().hasPrefix("select") else { return nil }
        return last
    }
}
