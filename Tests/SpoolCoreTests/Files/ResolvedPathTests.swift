import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("The canonical path of a file")
struct ResolvedPathTests {
    @Test("links, dots and relative paths resolve to the same path; what does not exist is kept as written")
    func names() throws {
        let folder = try TemporaryFolder()
        let real = ResolvedPath(folder.path("real/spool.db")).path
        try FileManager.default.createDirectory(
            atPath: folder.path("real/sub"),
            withIntermediateDirectories: true
        )
        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: folder.path(name), withDestinationPath: target)
        }
        try link("folder", to: "real")
        try link("file.db", to: "folder/spool.db")
        try link("absolute.db", to: folder.path("file.db"))

        for name in ["real/spool.db", "folder/spool.db", "file.db", "absolute.db", "real/./sub/../spool.db"] {
            #expect(ResolvedPath(folder.path(name)).path == real, "\(name)")
        }
        let here = FileManager.default.currentDirectoryPath
        #expect(ResolvedPath("nothing/spool.db").path == ResolvedPath(here).path + "/nothing/spool.db")
        #expect(ResolvedPath("/").path == "/")
        #expect(ResolvedPath.folder(of: folder.path("file.db")) == ResolvedPath(folder.path("real")).path)
        #expect(ResolvedPath(folder.path("file.db")).linkOwners == [geteuid()])
    }

    @Test("a cycle of links ends")
    func circle() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: folder.path("a"), withDestinationPath: "b")
        try FileManager.default.createSymbolicLink(atPath: folder.path("b"), withDestinationPath: "a")

        let path = ResolvedPath(folder.path("a")).path

        #expect(path.hasSuffix("/a") || path.hasSuffix("/b"))
    }
}
