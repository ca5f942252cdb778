import Foundation
import SpoolTestSupport

/// What a disk is certain to hold after recorded operations, and what it may hold.
///
/// A file's content is certain up to its last sync, and a name up to the last sync of its folder. Everything
/// later may be on the disk or not, in any order, and a write may be there in part.
struct DiskModel {
    private struct File {
        var content = FileContent()
        var pending: [Change] = []
    }

    private struct Change {
        enum Kind {
            case write(offset: Int, data: Range<Int>)
            case length(Int)
            case atLeast(Int)
        }

        let number: Int
        let kind: Kind
    }

    private struct NameChange {
        let number: Int
        let removed: String?
        let added: (path: String, file: Int)?
    }

    private let record: DiskRecord
    private var files: [File] = []
    private var fileOfInode: [UInt64: Int] = [:]
    /// Names as the process sees them.
    private var names: [String: Int] = [:]
    private var certainNames: [String: Int] = [:]
    private var pendingNames: [NameChange] = []

    /// The state after the first `count` operations.
    init(_ record: DiskRecord, after count: Int) {
        self.record = record
        for number in 0..<count { apply(record.operations[number], number) }
    }

    private mutating func apply(_ operation: DiskOperation, _ number: Int) {
        switch operation.kind {
        case .opened: open(operation, number)
        case .written:
            change(operation, number, .write(offset: operation.offset, data: operation.data))
        case .truncated: change(operation, number, .length(operation.offset))
        case .allocated: change(operation, number, .atLeast(operation.offset))
        case .synced:
            guard let file = fileOfInode[operation.file] else { return }
            for change in files[file].pending { apply(change.kind, to: &files[file].content) }
            files[file].pending = []
        case .folderSynced:
            for change in pendingNames { Self.apply(change, to: &certainNames) }
            pendingNames = []
        case .unlinked: rename(from: operation.path, to: nil, number)
        case .renamed: rename(from: operation.path, to: operation.path2, number)
        case .linked:
            guard let file = names[operation.path] else { return }
            add(NameChange(number: number, removed: nil, added: (operation.path2, file)))
        case .folderMade: break
        }
    }

    private mutating func open(_ operation: DiskOperation, _ number: Int) {
        if operation.isNew {
            files.append(File())
            fileOfInode[operation.file] = files.count - 1
            add(NameChange(number: number, removed: nil, added: (operation.path, files.count - 1)))
        } else if operation.isEmptied {
            change(operation, number, .length(0))
        }
    }

    private mutating func change(_ operation: DiskOperation, _ number: Int, _ kind: Change.Kind) {
        // Files that were there before the recording are not the process's own.
        guard let file = fileOfInode[operation.file] else { return }
        files[file].pending.append(Change(number: number, kind: kind))
    }

    private mutating func rename(from path: String, to new: String?, _ number: Int) {
        guard let file = names[path] else { return }
        add(NameChange(number: number, removed: path, added: new.map { ($0, file) }))
    }

    private mutating func add(_ change: NameChange) {
        Self.apply(change, to: &names)
        pendingNames.append(change)
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        if let removed = change.removed { names[removed] = nil }
        if let added = change.added { names[added.path] = added.file }
    }

    private func apply(_ kind: Change.Kind, to content: inout FileContent) {
        switch kind {
        case .write(let offset, let data): content.write(record.bytes[data], at: offset)
        case .length(let length): content.setLength(length)
        case .atLeast(let length): content.length = max(content.length, length)
        }
    }

    /// The files as the process sees them: what `kill -9` leaves.
    var seen: [String: FileContent] {
        names.mapValues { file in
            var content = files[file].content
            for change in files[file].pending { apply(change.kind, to: &content) }
            return content
        }
    }

    /// Files as a power cut may leave them.
    func cut(using random: inout SeededGenerator) -> [String: FileContent] {
        let survival = Survival(last: lastPending, using: &random)
        var found = certainNames
        for change in pendingNames where survival.keepsName(change.number, using: &random) {
            Self.apply(change, to: &found)
        }
        var result: [String: FileContent] = [:]
        for (path, file) in found.sorted(by: { $0.key < $1.key }) {
            if path.hasSuffix("-shm") {
                result[path] = Self.sharedMemory(using: &random)
            } else {
                result[path] = content(of: file, survival, using: &random)
            }
        }
        return result
    }

    private var lastPending: (first: Int, last: Int) {
        let numbers = files.flatMap { $0.pending.map(\.number) } + pendingNames.map(\.number)
        return (numbers.min() ?? 0, numbers.max() ?? 0)
    }

    private func content(of file: Int, _ survival: Survival, using random: inout SeededGenerator)
        -> FileContent
    {
        var content = files[file].content
        for change in files[file].pending {
            switch survival.fate(of: change.number, using: &random) {
            case .dropped: continue
            case .kept: apply(change.kind, to: &content)
            case .torn(let probability):
                guard case .write(let offset, let data) = change.kind else {
                    if Double.random(in: 0..<1, using: &random) < probability {
                        apply(change.kind, to: &content)
                    }
                    continue
                }
                for sector in Self.sectors(of: data, at: offset)
                where Double.random(in: 0..<1, using: &random) < probability {
                    content.write(record.bytes[sector.data], at: sector.offset)
                }
            }
        }
        return content
    }

    /// The parts of a write that lie in different sectors.
    private static func sectors(of data: Range<Int>, at offset: Int) -> [(offset: Int, data: Range<Int>)] {
        var parts: [(offset: Int, data: Range<Int>)] = []
        var place = offset
        var begin = data.lowerBound
        while begin < data.upperBound {
            let count = min(512 - place % 512, data.upperBound - begin)
            parts.append((place, begin..<begin + count))
            place += count
            begin += count
        }
        return parts
    }

    /// It is written through a mapping and never synced: any of its pages may be there, or none.
    private static func sharedMemory(using random: inout SeededGenerator) -> FileContent? {
        var content = FileContent()
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return nil
        case 1: break
        case 2: content.setLength(32_768)
        default:
            let garbage = (0..<4_096).flatMap { _ in
                withUnsafeBytes(of: random.next()) { Array($0) }
            }
            content.write(Data(garbage), at: 0)
        }
        return content
    }
}

/// Which of the operations that were not synced survive a power cut.
private struct Survival {
    enum Fate { case kept, dropped, torn(Double) }

    private enum Kind {
        case nothing, everything
        /// Operations up to one, which may be torn.
        case upTo(Int)
        /// Each operation on its own.
        case some(Double)
        /// Each sector on its own.
        case sectors(Double)
    }

    private let kind: Kind

    init(last: (first: Int, last: Int), using random: inout SeededGenerator) {
        let probability = [0.1, 0.5, 0.9].randomElement(using: &random) ?? 0.5
        kind =
            switch Int.random(in: 0..<10, using: &random) {
            case 0: .nothing
            case 1: .everything
            case 2, 3, 4: .upTo(Int.random(in: last.first...last.last, using: &random))
            case 5, 6, 7: .some(probability)
            default: .sectors(probability)
            }
    }

    func fate(of number: Int, using random: inout SeededGenerator) -> Fate {
        switch kind {
        case .nothing: .dropped
        case .everything: .kept
        case .upTo(let last): number < last ? .kept : number == last ? .torn(0.5) : .dropped
        case .some(let probability):
            Double.random(in: 0..<1, using: &random) < probability ? .kept : .dropped
        case .sectors(let probability): .torn(probability)
        }
    }

    func keepsName(_ number: Int, using random: inout SeededGenerator) -> Bool {
        switch fate(of: number, using: &random) {
        case .kept: true
        case .dropped: false
        case .torn(let probability): Double.random(in: 0..<1, using: &random) < probability
        }
    }
}

/// A file's bytes; what lies after them up to its length is zero.
struct FileContent: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []
    var length = 0

    init() {}

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        length = bytes.count
    }

    /// All bytes, with the zeros at the end.
    var all: [UInt8] { bytes + [UInt8](repeating: 0, count: length - bytes.count) }

    mutating func setLength(_ new: Int) {
        if bytes.count > new { bytes.removeLast(bytes.count - new) }
        length = new
    }

    mutating func write(_ data: Data, at offset: Int) {
        guard !data.isEmpty else { return }
        let end = offset + data.count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.withUnsafeMutableBytes { target in
            _ = data.withUnsafeBytes { source in
                memcpy(target.baseAddress! + offset, source.baseAddress!, data.count)
            }
        }
        length = max(length, end)
    }

    /// Creates the file.
    func write(to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        guard length > bytes.count else { return }
        guard truncate(path, off_t(length)) == 0 else {
            throw HarnessFailure("\(path): \(String(cString: strerror(errno)))")
        }
    }
}
