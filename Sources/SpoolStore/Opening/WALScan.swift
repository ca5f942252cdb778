import Foundation

/// Reads a write-ahead log as SQLite's recovery does, and looks behind the frame at which that would stop.
///
/// The format is described in sqlite.org/fileformat2.html, section 4.
struct WALScan {
    /// True when frames that belong to the log lie behind one that is invalid, or its header is invalid:
    /// SQLite would
    /// ignore transactions that were committed.
    ///
    /// A tail that was cut off, and frames of an earlier use of the file, are normal.
    let isDamaged: Bool

    init(path: String) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            isDamaged = false
            return
        }
        defer { try? file.close() }
        isDamaged = Self.scan(file)
    }

    private static func scan(_ file: FileHandle) -> Bool {
        guard let header = try? file.read(upToCount: 32), header.count == 32 else { return false }
        let words = Self.words(header)
        let size = Int(words[2])
        // The log is truncated to nothing or left as it is; a header of zeros does not occur.
        guard [0x377f_0682, 0x377f_0683].contains(words[0]), size >= 512, size <= 65_536,
            size & (size - 1) == 0
        else { return true }
        let isBig = words[0] & 1 == 1
        var sum = Sum(isBig: isBig)
        sum.add(header.prefix(24))
        guard sum.first == words[6], sum.second == words[7] else { return true }
        var isBroken = false
        while let frame = try? file.read(upToCount: 24 + size), frame.count == 24 + size {
            let head = Self.words(frame.prefix(24))
            // Frames of an earlier use of the file have other salts.
            guard head[2] == words[4], head[3] == words[5] else {
                isBroken = true
                continue
            }
            if isBroken { return true }
            var next = sum
            next.add(frame.prefix(8))
            next.add(frame.dropFirst(24))
            if next.first == head[4], next.second == head[5] { sum = next } else { isBroken = true }
        }
        return false
    }

    /// Big-endian words.
    private static func words(_ bytes: Data) -> [UInt32] {
        stride(from: bytes.startIndex, to: bytes.endIndex - 3, by: 4).map { start in
            bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    /// The cumulative checksum of a log.
    private struct Sum {
        let isBig: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        mutating func add(_ bytes: Data) {
            bytes.withUnsafeBytes { buffer in
                for place in stride(from: 0, to: buffer.count - 7, by: 8) {
                    let pair = (
                        buffer.loadUnaligned(fromByteOffset: place, as: UInt32.self),
                        buffer.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                    )
                    first = first &+ (isBig ? pair.0.bigEndian : pair.0.littleEndian) &+ second
                    second = second &+ (isBig ? pair.1.bigEndian : pair.1.littleEndian) &+ first
                }
            }
        }
    }
}
