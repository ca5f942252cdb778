import Foundation

/// The pages of a database by the table or index that they belong to, read from the file itself
/// (sqlite.org/fileformat2.html, section 1.6).
struct PageMap {
    struct Page: Equatable {
        let number: Int
        let isLeaf: Bool
    }

    private(set) var pages: [String: [Page]] = [:]
    private let bytes: Data
    let pageSize: Int

    /// Reads a file; `roots` has the root page of each table and index.
    init(_ file: String, roots: [String: Int]) throws {
        bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        pageSize = Int(bytes[16]) << 8 | Int(bytes[17])
        for (name, root) in roots { walk(root, name) }
    }

    private mutating func walk(_ number: Int, _ name: String) {
        let start = (number - 1) * pageSize
        guard number > 0, start + pageSize <= bytes.count else { return }
        let head = start + (number == 1 ? 100 : 0)
        let isLeaf = bytes[head] == 13 || bytes[head] == 10
        guard isLeaf || bytes[head] == 5 || bytes[head] == 2 else { return }
        pages[name, default: []].append(Page(number: number, isLeaf: isLeaf))
        guard !isLeaf else { return }
        for cell in 0..<integer(head + 3, 2) {
            walk(integer(start + integer(head + 12 + 2 * cell, 2), 4), name)
        }
        walk(integer(head + 8, 4), name)
    }

    private func integer(_ offset: Int, _ count: Int) -> Int {
        bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The range of a page in the file.
    func range(of page: Page) -> Range<Int> { (page.number - 1) * pageSize..<page.number * pageSize }
}
