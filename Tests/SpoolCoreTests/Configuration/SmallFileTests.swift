import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Small files", .timeLimit(.minutes(5)))
struct SmallFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a file is read completely, with its permissions")
    func whole() throws {
        let path = try folder.write(String(repeating: "a", count: 200_000), to: "file", permissions: 0o644)

        let file = try SmallFile.read(path, limit: 1 << 20)

        #expect(file.bytes.count == 200_000)
        #expect(file.isWorldReadable)
    }

    @Test("a file above the limit is refused")
    func limit() throws {
        let path = try folder.write(String(repeating: "a", count: 2_048), to: "file")

        let fault = #expect(throws: SmallFileFault.self) { try SmallFile.read(path, limit: 1_024) }

        #expect(fault?.description == "it is larger than 1 KiB")
    }

    @Test("a pipe that no process writes to does not block the reader: it is empty")
    func pipe() throws {
        let path = folder.path("pipe")
        try #require(mkfifo(path, 0o600) == 0)

        #expect(try SmallFile.read(path, limit: 1_024).bytes.isEmpty)
    }

    @Test("a pipe whose writer sends nothing is an error instead of an endless wait")
    func silentPipe() throws {
        let path = folder.path("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        let writer = open(path, O_RDWR)
        defer { close(writer) }

        let fault = #expect(throws: SmallFileFault.self) { try SmallFile.read(path, limit: 1_024) }

        #expect(fault?.description.hasPrefix("it is not a regular file and delivered nothing") == true)
    }
}
