import Foundation
import Testing

/// The tests named in the list of all-clears exist.
struct EvidenceTests {
    private static let rows = Documentation.read("docs/design/evidence.md")
        .matches(of: #/(?m)^\| ([^|]+) \| ([^|]+) \| "([^|]+)" \|$/#)
        .map { (claim: String($0.1), test: String($0.3)) }

    private static let sources: String = {
        let folder = Documentation.project.appendingPathComponent("Tests").path
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".swift") }
            .compactMap { try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
            .joined(separator: "\n")
    }()

    @Test("every claim in the list of all-clears has a test that exists", arguments: rows.map(\.test))
    func exists(_ test: String) throws {
        let name = try Regex(#"@Test\(\s*"\#(NSRegularExpression.escapedPattern(for: test))""#)

        #expect(Self.sources.contains(name), "there is no test \"\(test)\"")
    }

    @Test("every row of the list names a test")
    func whole() {
        let lines = Documentation.read("docs/design/evidence.md").split(separator: "\n")
            .filter { $0.hasPrefix("| ") && !$0.hasPrefix("| Claim |") }

        #expect(lines.count == Self.rows.count && lines.count > 30)
    }
}
