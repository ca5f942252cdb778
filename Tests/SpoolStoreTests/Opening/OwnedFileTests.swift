import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

/// Files next to the spool, in a folder that another user may be able to write.
@Suite("files next to the spool")
struct OwnedFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path("spool.db")
    }

    /// A file that must keep its content.
    private func victim() throws -> URL {
        let victim = URL(fileURLWithPath: folder.path("victim"))
        try Data("precious".utf8).write(to: victim)
        return victim
    }

    /// A symbolic link in a folder of its own.
    private func linked() throws -> String {
        let elsewhere = URL(fileURLWithPath: folder.path("links"))
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: false)
        let name = elsewhere.appendingPathComponent("other.db").path
        try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: path)
        return name
    }

    private static func owner(_ path: String) throws -> (user: UInt32?, group: UInt32?) {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (
            (attributes[.ownerAccountID] as? NSNumber)?.uint32Value,
            (attributes[.groupOwnerAccountID] as? NSNumber)?.uint32Value
        )
    }

    @Test("a symbolic link in place of the lock is rejected, and its target keeps its content")
    func lockLink() throws {
        let victim = try victim()
        try FileManager.default.createSymbolicLink(atPath: path + ".lock", withDestinationPath: victim.path)

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t0)
        }

        #expect(error?.kind == .readOnly)
        #expect(error?.description.contains("is a symbolic link") == true)
        #expect(try String(contentsOf: victim, encoding: .utf8) == "precious")
        #expect(Spool.holder(ofSpoolAt: path) == nil)
    }

    @Test(
        "a hard link, a folder and a FIFO in place of the lock are rejected",
        arguments: ["hard", "folder", "fifo"]
    )
    func otherLocks(kind: String) throws {
        let victim = try victim()
        switch kind {
        case "hard": try FileManager.default.linkItem(atPath: victim.path, toPath: path + ".lock")
        case "folder":
            try FileManager.default.createDirectory(
                atPath: path + ".lock",
                withIntermediateDirectories: false
            )
        default: #expect(mkfifo(path + ".lock", 0o600) == 0)
        }

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t0)
        }

        #expect(error?.kind == .readOnly)
        #expect(try String(contentsOf: victim, encoding: .utf8) == "precious")
    }

    @Test("a symbolic link in place of the reserve is not followed, and the spool opens without a reserve")
    func reserveLink() async throws {
        let victim = try victim()
        try FileManager.default.createSymbolicLink(
            atPath: path + ".reserve",
            withDestinationPath: victim.path
        )
        var options = SpoolOptions.small
        options.reserveBytes = 1 << 20

        let spool = try Spool.open(path: path, options: options, at: .t0)
        try await spool.close(at: .t(1))

        #expect(try String(contentsOf: victim, encoding: .utf8) == "precious")
    }

    @Test("a symbolic link in place of verify's file is rejected")
    func scratchLink() throws {
        let victim = try victim()
        try FileManager.default.createSymbolicLink(atPath: path + ".verify", withDestinationPath: victim.path)

        #expect(throws: StoreError.self) { try ScratchFile(path + ".verify") }

        #expect(try String(contentsOf: victim, encoding: .utf8) == "precious")
    }

    @Test("two paths of one spool share one lock, and its files are next to the target")
    func twoNames() async throws {
        let name = try linked()

        let spool = try Spool.open(path: name, options: .small, at: .t0)
        let second = #expect(throws: StoreError.self) { try Spool.open(path: path, options: .small, at: .t0) }

        #expect(second?.kind == .locked)
        #expect(Spool.holder(ofSpoolAt: path) != nil && Spool.holder(ofSpoolAt: name) != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/links") == ["other.db"])
        try await spool.close(at: .t(1))
    }

    @Test("after an unclean end a spool behind a symbolic link opens again")
    func linkAfterUncleanEnd() async throws {
        let name = try linked()
        do {
            let spool = try Spool.open(path: name, options: .small, at: .t0)
            let topology = Topology(
                streams: [Topology.Stream(name: StreamName(source: "a", stream: "b"), kind: .activity)],
                sinks: []
            )
            let stream = try #require(try await spool.register(topology, at: .t0).streams.values.first)
            _ = try await spool.append(.poll(stream, (0..<200).map { .at($0) }))
            try spool.letGo()
        }

        let again = try Spool.open(path: name, options: .small, at: .t(1))

        #expect(again.endedUncleanly)
        try await again.close(at: .t(2))
    }

    private static let isRoot = geteuid() == 0

    @Test(
        "files that root creates belong to the folder's owner, who can open them afterwards",
        .enabled(if: isRoot)
    )
    func rootGives() async throws {
        #expect(chown(folder.path, 4_711, 4_712) == 0)
        var options = SpoolOptions.small
        options.reserveBytes = 1 << 20

        let spool = try Spool.open(path: path, options: options, at: .t0)
        _ = try await spool.register(Topology(streams: [], sinks: []), at: .t0)
        let scratch = try ScratchFile(path + ".verify")

        for suffix in ["", "-wal", "-shm", ".lock", ".reserve", ".verify"] {
            let owner = try Self.owner(path + suffix)
            #expect(owner.user == 4_711 && owner.group == 4_712, "\(suffix)")
        }
        scratch.remove()
        try await spool.close(at: .t(1))
    }

    @Test("a lock file left by root is given to the folder's owner", .enabled(if: isRoot))
    func rootHeals() async throws {
        try await Spool.open(path: path, options: .small, at: .t0).close(at: .t(1))
        #expect(chown(folder.path, 4_711, 4_712) == 0)

        try await Spool.open(path: path, options: .small, at: .t(2)).close(at: .t(3))

        #expect(try Self.owner(path + ".lock").user == 4_711)
    }

    @Test("root rejects a lock file of a third user", .enabled(if: isRoot))
    func stranger() throws {
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path + ".lock"))
        #expect(chown(path + ".lock", 4_713, 4_713) == 0)

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t0)
        }

        #expect(error?.description.contains("belongs to user id 4713") == true)
        #expect(try String(contentsOfFile: path + ".lock", encoding: .utf8) == "precious")
    }

    @Test(
        "root does not follow another user's link into a folder that this user does not own",
        .enabled(if: isRoot)
    )
    func foreignLink() throws {
        let home = URL(fileURLWithPath: folder.path("home"))
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
        let name = home.appendingPathComponent("spool.db").path
        try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: path)
        #expect(lchown(name, 4_711, 4_711) == 0)

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: name, options: .small, at: .t0)
        }

        #expect(error?.kind == .readOnly)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["home"])
    }
}
