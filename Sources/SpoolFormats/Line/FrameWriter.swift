/// Puts what tells lines apart around one.
struct FrameWriter {
    /// The most bytes it adds: a count of twelve digits and a blank.
    static let bound = 13
    /// Room kept for the count: three digits, the usual, and a blank.
    private static let kept = 4

    private let framing: Framing
    private let start: UnsafeMutablePointer<UInt8>

    /// Begins a frame.
    @inline(__always)
    init(_ framing: Framing, _ out: inout ByteWriter) {
        self.framing = framing
        start = out.next
        if framing == .octetCounting { out.put("    ") }
    }

    /// Ends the frame after what was written since its beginning.
    @inline(__always)
    func end(_ out: inout ByteWriter) {
        switch framing {
        case .lines: out.put(0x0A)
        case .octetCounting: putCount(&out)
        case .datagrams: break
        }
    }

    /// Takes the frame back with all that was written since its beginning.
    func cancel(_ out: inout ByteWriter) {
        out.rewind(to: start)
    }

    private func putCount(_ out: inout ByteWriter) {
        let message = start + Self.kept
        let length = out.next - message
        var digits = 1
        var rest = length
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        if digits + 1 != Self.kept { (start + digits + 1).update(from: message, count: length) }
        out.rewind(to: start)
        out.put(length, width: digits)
        out.put(UInt8(ascii: " "))
        out.rewind(to: out.next + length)
    }
}
