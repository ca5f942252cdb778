import Foundation

/// One operation of a recorded process on its disk.
struct DiskOperation: Sendable {
    enum Kind: UInt8, Sendable {
        case opened = 1
        case written, truncated, synced, folderSynced, unlinked, renamed, linked, allocated, folderMade
    }

    let kind: Kind
    /// Of `opened`: the file did not exist before.
    let isNew: Bool
    /// Of `opened`: the file's content was dropped.
    let isEmptied: Bool
    /// The monotonic clock in nanoseconds.
    let time: UInt64
    /// The inode, which may be used again after the file was removed.
    let file: UInt64
    let offset: Int
    /// Relative to the recorded folder.
    let path: String
    let path2: String
    /// Where the record has the written bytes.
    let data: Range<Int>

    /// True for an operation that changes names in a folder.
    var changesNames: Bool {
        switch kind {
        case .opened: isNew
        case .unlinked, .renamed, .linked, .folderMade: true
        default: false
        }
    }
}

/// The record of a process, in the order of its operations.
struct DiskRecord: Sendable {
    let bytes: Data
    let operations: [DiskOperation]

    /// - Throws: if the file is not a record.
    init(contentsOf file: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        var operations: [DiskOperation] = []
        try bytes.withUnsafeBytes { (raw: UnsafeRawBufferPointer) in
            var place = 0
            while place < raw.count {
                let header = place + 40
                guard header <= raw.count,
                    raw.loadUnaligned(fromByteOffset: place, as: UInt32.self) == 0x4C46_5053,
                    let kind = DiskOperation.Kind(rawValue: raw[place + 4])
                else { throw HarnessFailure("the record is not readable at \(place)") }
                func number<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> Int {
                    Int(raw.loadUnaligned(fromByteOffset: place + offset, as: type))
                }
                let first = header + number(6, UInt16.self)
                let second = first + number(8, UInt16.self)
                let end = second + number(12, UInt32.self)
                guard end <= raw.count else { throw HarnessFailure("the record is cut off") }
                operations.append(
                    DiskOperation(
                        kind: kind,
                        isNew: raw[place + 5] & 1 != 0,
                        isEmptied: raw[place + 5] & 2 != 0,
                        time: raw.loadUnaligned(fromByteOffset: place + 16, as: UInt64.self),
                        file: raw.loadUnaligned(fromByteOffset: place + 24, as: UInt64.self),
                        offset: number(32, UInt64.self),
                        path: String(decoding: raw[header..<first], as: UTF8.self),
                        path2: String(decoding: raw[first..<second], as: UTF8.self),
                        data: second..<end
                    )
                )
                place = end
            }
        }
        self.bytes = bytes
        self.operations = operations
    }
}
