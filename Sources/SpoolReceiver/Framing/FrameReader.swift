import NIOCore

/// Splits a stream of bytes into syslog messages; the framing of each message is detected (RFC 6587 §3.4).
///
/// A first octet of `1` to `9` begins an octet count, anything else a line that ends with LF.
struct FrameReader {
    enum Framing: Sendable, Equatable {
        case octetCounting
        case lines
    }

    enum Event: Sendable, Equatable {
        case message(ByteBuffer, Framing)
        /// Longer than the limit; its bytes are skipped.
        case tooLong
        /// Starts like an octet count but is not one; it is read as a line.
        case badCount
    }

    private static let longestCount = 10

    private let limit: Int
    private let detectsCounts: Bool
    private var pending = ByteBuffer()
    /// The number of bytes after the reader index that are known to contain no LF.
    private var searched = 0
    private var skipping: Skipping?
    private var takesLine = false

    private enum Skipping {
        case octets(Int)
        case untilLF
    }

    /// A reader of messages of at most `limit` bytes; of lines only if counts are not to be detected.
    init(limit: Int, detectsCounts: Bool = true) {
        self.limit = limit
        self.detectsCounts = detectsCounts
    }

    /// The number of bytes of an incomplete message.
    var unfinishedBytes: Int {
        pending.readableBytes
    }

    mutating func append(_ bytes: inout ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
            bytes.moveReaderIndex(to: bytes.writerIndex)
        } else {
            pending.writeBuffer(&bytes)
        }
    }

    /// The next message, or nil until more bytes arrive.
    mutating func next() -> Event? {
        if skipping != nil, !skip() { return nil }
        guard let first = pending.getInteger(at: pending.readerIndex, as: UInt8.self) else { return nil }
        if detectsCounts, !takesLine, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first) {
            return counted()
        }
        return line()
    }

    /// The unfinished line at the end of the input, if any.
    mutating func finish() -> Event? {
        guard skipping == nil, pending.readableBytes > 0 else { return nil }
        defer { pending.clear() }
        return .message(pending, .lines)
    }

    private mutating func counted() -> Event? {
        var length = 0
        for (digits, byte) in pending.readableBytesView.enumerated() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9") where digits < Self.longestCount:
                length = length * 10 + Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: " "):
                return message(header: digits + 1, length: length)
            default:
                takesLine = true
                return .badCount
            }
        }
        return nil
    }

    private mutating func message(header: Int, length: Int) -> Event? {
        guard length <= limit else {
            pending.moveReaderIndex(forwardBy: header)
            skipping = .octets(length)
            return .tooLong
        }
        guard pending.readableBytes >= header + length else { return nil }
        pending.moveReaderIndex(forwardBy: header)
        return pending.readSlice(length: length).map { .message($0, .octetCounting) }
    }

    private mutating func line() -> Event? {
        let rest = pending.readableBytesView.dropFirst(searched)
        guard let end = rest.firstIndex(of: 0x0A) else {
            searched = pending.readableBytes
            guard searched > limit else { return nil }
            skipping = .untilLF
            return .tooLong
        }
        let length = end - pending.readerIndex
        searched = 0
        takesLine = false
        let content = pending.readSlice(length: length)
        pending.moveReaderIndex(forwardBy: 1)
        guard length <= limit else { return .tooLong }
        return content.map { .message($0, .lines) }
    }

    /// Returns true when everything that was to be skipped has been skipped.
    private mutating func skip() -> Bool {
        switch skipping {
        case .octets(let count):
            let skipped = min(count, pending.readableBytes)
            pending.moveReaderIndex(forwardBy: skipped)
            skipping = skipped == count ? nil : .octets(count - skipped)
        case .untilLF:
            searched = 0
            if let end = pending.readableBytesView.firstIndex(of: 0x0A) {
                pending.moveReaderIndex(to: end + 1)
                skipping = nil
                takesLine = false
            } else {
                pending.clear()
            }
        case nil: break
        }
        return skipping == nil
    }
}
