import Foundation

/// A test's own folder, removed with its contents when the last reference is released.
///
/// Keep it in a property of the suite, or in a constant of the test that outlives all uses of its paths.
package final class TemporaryFolder: Sendable {
    /// Its absolute path.
    package let path: String

    /// Creates an empty folder in the system's temporary folder, accessible only to its owner.
    package init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("spool-test-\(UUID().uuidString.prefix(13).lowercased())")
        try FileManager.default.createDirectory(
            at: url,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        path = url.path
    }

    /// The path of a file in it, whether it exists or not.
    package func path(_ name: String) -> String { path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ text: String, to name: String, permissions: Int = 0o600) throws -> String {
        let file = path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file)
        return file
    }

    /// The text of a file in it.
    package func read(_ name: String) throws -> String {
        try String(contentsOfFile: path(name), encoding: .utf8)
    }

    deinit {
        // A folder that a test has already removed, or made unwritable, does not fail that test.
        try? FileManager.default.removeItem(atPath: path)
    }
}
