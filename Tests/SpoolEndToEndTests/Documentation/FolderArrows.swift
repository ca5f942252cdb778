import Foundation

/// The uses of types between the folders of a target, found in its source text.
struct FolderArrows {
    /// A use of a type of one folder in a file of another folder.
    struct Arrow: Hashable, CustomStringConvertible {
        let from: String
        let to: String
        let type: String
        let file: String

        var description: String { "\(from) uses \(type) of \(to) (\(file))" }
    }

    /// One arrow for each pair of folders.
    let arrows: [Arrow]

    /// Finds the arrows between folders.
    ///
    /// - Parameter sources: the text of each file, by its path from the target's folder. Files that are in no
    ///   folder count as one folder of their own, which is called `.`.
    init(sources: [String: String]) {
        let files = sources.map { path, text in
            (path: path, folder: Self.folder(of: path), text: Self.withoutComments(text))
        }.sorted { $0.path < $1.path }
        var folders: [String: String] = [:]
        for file in files {
            for type in Self.declared(in: file.text) { folders[type] = file.folder }
        }
        var found: [String: Arrow] = [:]
        for file in files {
            for word in Set(file.text.matches(of: #/\b[A-Z]\w*/#).map { String($0.0) }).sorted() {
                guard let folder = folders[word], folder != file.folder else { continue }
                let pair = "\(file.folder) \(folder)"
                if found[pair] == nil {
                    found[pair] = Arrow(from: file.folder, to: folder, type: word, file: file.path)
                }
            }
        }
        arrows = found.values.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    /// The arrows of a target of this package.
    init(target: String) throws {
        let folder = Documentation.project.appendingPathComponent("Sources/\(target)").path
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        var sources: [String: String] = [:]
        for file in files where file.hasSuffix(".swift") {
            sources[file] = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        }
        self.init(sources: sources)
    }

    /// The arrows of one cycle, in their order; empty when there is none.
    var cycle: [Arrow] {
        var done: Set<String> = []
        for start in arrows.map(\.from) {
            var path: [Arrow] = []
            if let cycle = cycle(from: start, &path, &done) { return cycle }
        }
        return []
    }

    private func cycle(from folder: String, _ path: inout [Arrow], _ done: inout Set<String>) -> [Arrow]? {
        guard !done.contains(folder) else { return nil }
        for arrow in arrows where arrow.from == folder {
            path.append(arrow)
            if let begin = path.firstIndex(where: { $0.from == arrow.to }) { return Array(path[begin...]) }
            if let cycle = cycle(from: arrow.to, &path, &done) { return cycle }
            path.removeLast()
        }
        done.insert(folder)
        return nil
    }

    private static func folder(of path: String) -> String {
        path.contains("/") ? String(path.prefix { $0 != "/" }) : "."
    }

    /// The types that other files can use: those at the beginning of a line, not in another type, and not
    /// private.
    private static func declared(in text: String) -> [String] {
        text.matches(
            of:
                #/(?m)^(?:(?:package|public|final|indirect) )*(?:struct|enum|class|actor|protocol|typealias) (\w+)/#
        ).map { String($0.1) }
    }

    private static func withoutComments(_ text: String) -> String {
        text.replacing(#/(?m)^\s*//.*$/#, with: "").replacing(#/(?m) // .*$/#, with: "")
    }
}
