/// Appends bytes to memory that the caller owns.
///
/// It checks nothing in release builds: the caller has calculated that everything fits
/// (`LineRenderer.bound`), with `slack` bytes to spare. It is declared in the module that uses it in a loop:
/// across modules the loop takes 15-40 % longer.
struct ByteWriter {
    /// Bytes after the last written one that copying in whole words may overwrite.
    static let slack = 16

    private(set) var next: UnsafeMutablePointer<UInt8>
    private let end: UnsafeMutablePointer<UInt8>

    init(_ memory: UnsafeMutableRawBufferPointer) {
        let bytes = memory.bindMemory(to: UInt8.self)
        // An empty buffer has no address; an address that is never written to replaces it.
        next = bytes.baseAddress ?? UnsafeMutablePointer(bitPattern: 1).unsafelyUnwrapped
        end = next + bytes.count
    }

    /// The number of bytes that still fit.
    @inline(__always)
    var room: Int { end - next }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        assert(room >= 1)
        next.pointee = byte
        next += 1
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        put(text.utf8Start, text.utf8CodeUnitCount)
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        assert(room >= count)
        next.update(from: bytes, count: count)
        next += count
    }

    @inline(__always)
    mutating func put(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { bytes in
            if let start = bytes.baseAddress { put(start, bytes.count) }
        }
    }

    /// Copies eight bytes, of which the first `kept` count.
    @inline(__always)
    mutating func put(word: UInt64, keeping kept: Int) {
        assert(room >= 8)
        UnsafeMutableRawPointer(next).storeBytes(of: word.littleEndian, as: UInt64.self)
        next += kept
    }

    /// Discards everything written since `place`.
    @inline(__always)
    mutating func rewind(to place: UnsafeMutablePointer<UInt8>) {
        next = place
    }

    /// Writes a number in decimal.
    mutating func put(decimal number: Int64) {
        if number < 0 { put(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var digits: InlineDigits = .init()
        repeat {
            digits.prepend(UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        for index in digits.used { put(digits.bytes[index]) }
    }

    /// Writes the last `width` decimal digits of a non-negative number.
    @inline(__always)
    mutating func put(_ number: Int, width: Int) {
        assert(room >= width)
        var rest = number
        for place in stride(from: width - 1, through: 0, by: -1) {
            next[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        next += width
    }
}

/// The digits of a 64-bit number, filled from the right.
private struct InlineDigits {
    private(set) var bytes = SIMD32<UInt8>(repeating: 0)
    private var first = 32

    var used: Range<Int> { first..<32 }

    mutating func prepend(_ digit: UInt8) {
        first -= 1
        bytes[first] = UInt8(ascii: "0") &+ digit
    }
}
