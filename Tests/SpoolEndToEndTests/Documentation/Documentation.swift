import Foundation
import Testing

/// The project's pages and the commands they show.
struct Documentation {
    /// A command after a `$` in a console block of a page.
    struct Example: CustomTestStringConvertible, Sendable {
        let page: String
        let line: Int
        /// The arguments as the shell would pass them, without `sudo`.
        let words: [String]

        var testDescription: String { "\(page):\(line) \(words.joined(separator: " "))" }
    }

    static let project = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Paths of all pages, relative to the project's root.
    static let pages: [String] = {
        let docs =
            FileManager.default.enumerator(atPath: text(of: "docs"))?.compactMap { $0 as? String } ?? []
        return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
            + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    static let examples = pages.flatMap(examples)

    static func read(_ page: String) -> String {
        (try? String(contentsOfFile: text(of: page), encoding: .utf8)) ?? ""
    }

    private static func text(of path: String) -> String { project.appendingPathComponent(path).path }

    private static func examples(of page: String) -> [Example] {
        var isConsole = false
        return read(page).components(separatedBy: "\n").enumerated().compactMap { index, line in
            if line.hasPrefix("```") { isConsole = line == "```console" }
            guard isConsole, line.hasPrefix("$ ") else { return nil }
            let words = words(of: line.dropFirst(2))
            return Example(
                page: page,
                line: index + 1,
                words: words.first == "sudo" ? Array(words.dropFirst()) : words
            )
        }
    }

    /// Splits a shell command into words; handles quotes and backslashes.
    private static func words(of line: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in line {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character == " " {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + [word].compactMap { $0 }
    }
}
