import Foundation
import SpoolTestSupport

/// One way to damage a spool.
struct Damage: Sendable, CustomStringConvertible {
    /// When it happens.
    enum Moment: String, CaseIterable, Sendable { case stopped, killed, running }

    enum Kind: String, Sendable {
        /// One bit, or sixteen, change.
        case bit, bits
        case zeros, garbage
        /// The file ends where the place begins.
        case cut
        /// The whole file.
        case empty, missing
    }

    /// Where it happens.
    enum Place: Sendable {
        case bytes(offset: Int, length: Int)
        /// A frame of the write-ahead log: 0 is the first, 1 the last.
        case frame(Double)
        case file
    }

    /// The size of a page of a spool.
    static let page = 8_192

    /// What is there, in words.
    let what: String
    /// The suffix of the file: empty for the database.
    let file: String
    let place: Place
    let kind: Kind
    let moment: Moment

    var description: String { "\(kind) in \(what), \(moment)" }

    /// Damages the files of the spool with this path; false if there is nothing to damage.
    func apply(to spool: String, using random: inout SeededGenerator) throws -> Bool {
        let path = spool + file
        guard kind != .missing else { return unlink(path) == 0 }
        let descriptor = open(path, O_RDWR)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        let size = Int(status.st_size)
        guard let range = range(size) else { return false }
        switch kind {
        case .empty: return ftruncate(descriptor, 0) == 0
        case .cut: return ftruncate(descriptor, off_t(range.lowerBound)) == 0
        case .bit, .bits:
            for _ in 0..<(kind == .bit ? 1 : 16) {
                let place = off_t(Int.random(in: range, using: &random))
                var byte: UInt8 = 0
                guard pread(descriptor, &byte, 1, place) == 1 else { return false }
                byte ^= 1 << UInt8.random(in: 0..<8, using: &random)
                guard pwrite(descriptor, &byte, 1, place) == 1 else { return false }
            }
            return true
        case .zeros, .garbage:
            let bytes = range.map { _ in kind == .zeros ? 0 : UInt8.random(in: 0...255, using: &random) }
            return pwrite(descriptor, bytes, bytes.count, off_t(range.lowerBound)) == bytes.count
        case .missing: return false
        }
    }

    private func range(_ size: Int) -> Range<Int>? {
        switch place {
        case .file: return size > 0 ? 0..<size : nil
        case .bytes(let offset, let length):
            return offset < size ? offset..<min(offset + length, size) : nil
        case .frame(let part):
            let frame = 24 + Self.page
            let count = (size - 32) / frame
            guard count > 0 else { return nil }
            let first = 32 + Int(Double(count - 1) * part) * frame
            return first..<first + frame
        }
    }
}

extension Damage {
    /// Every case for a spool: kinds, places and moments.
    static func all(_ pages: [DamagedPage]) -> [Damage] {
        var cases: [Damage] = []
        for moment in Moment.allCases {
            func add(_ what: String, _ file: String, _ place: Place, _ kinds: [Kind]) {
                cases += kinds.map {
                    Damage(what: what, file: file, place: place, kind: $0, moment: moment)
                }
            }
            let parts: [Kind] = [.bit, .bits, .zeros, .garbage]
            add("the header of page 1", "", .bytes(offset: 0, length: 100), parts + [.cut])
            add("the schema on page 1", "", .bytes(offset: 100, length: page - 100), parts + [.cut])
            for one in pages {
                add(one.what, "", .bytes(offset: (one.number - 1) * page, length: page), parts + [.cut])
            }
            add("spool.db", "", .file, [.empty, .missing, .garbage])
            add("the header of -wal", "-wal", .bytes(offset: 0, length: 32), parts)
            for (part, name) in [(0, "first"), (0.5, "middle"), (1, "last")] {
                add("the \(name) frame of -wal", "-wal", .frame(part), parts + [.cut])
            }
            add("-wal", "-wal", .file, [.empty, .missing, .garbage])
            add("the header of -shm", "-shm", .bytes(offset: 0, length: 136), parts)
            add("-shm", "-shm", .file, [.empty, .missing, .garbage])
        }
        return cases
    }
}

/// A page of a spool, and what it belongs to.
struct DamagedPage: Sendable {
    let number: Int
    let what: String

    private struct Row: Decodable {
        let name: String
        let pagetype: String
        let pages: String
    }

    /// One page of each kind of each table and index, chosen at random, and pages of the freelist.
    static func pages(ofSpoolAt path: String, using random: inout SeededGenerator) async throws
        -> [DamagedPage]
    {
        let sql = """
            SELECT name, pagetype, group_concat(pageno) AS pages FROM dbstat WHERE pageno > 1
            GROUP BY name, pagetype ORDER BY name, pagetype
            """
        let answer = try await Child.answer("sqlite3", ["-json", "-readonly", path, sql])
        guard answer.code == 0 else { throw HarnessFailure("sqlite3: \(answer)") }
        var pages = try JSONDecoder().decode([Row].self, from: Data(answer.output.utf8)).compactMap { row in
            row.pages.split(separator: ",").compactMap { Int($0) }.randomElement(using: &random).map {
                DamagedPage(number: $0, what: "page \($0), \(row.pagetype) of \(row.name)")
            }
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let trunk = bytes.number(at: 32)
        if trunk > 0 {
            pages.append(DamagedPage(number: trunk, what: "page \(trunk), trunk of the freelist"))
            let start = (trunk - 1) * Damage.page
            if bytes.number(at: start + 4) > 0 {
                let leaf = bytes.number(at: start + 8)
                pages.append(DamagedPage(number: leaf, what: "page \(leaf), leaf of the freelist"))
            }
        }
        return pages
    }
}

extension Data {
    /// A big-endian number of four bytes.
    fileprivate func number(at offset: Int) -> Int {
        self[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
