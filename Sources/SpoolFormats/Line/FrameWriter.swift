/// Frames one message.
struct FrameWriter {
    /// The maximum number of bytes it adds: a count of twelve digits and a space.
    static let bound = 13
    /// Bytes reserved for the count: three digits, the usual length, and a space.
    private static let kept = 4

    private let framing: Framing
    private let start: UnsafeMutablePointer<UInt8>

    /// Starts a frame.
    @inline(__always)
    init(_ framing: Framing, _ out: inout ByteWriter) {
        self.framing = framing
        start = out.next
        if framing == .octetCounting { out.put("    ") }
    }

    /// Ends the frame after what was written since its start.
    @inline(__always)
    func end(_ out: inout ByteWriter) {
        switch framing {
        case .lines: out.put(0x0A)
        case .octetCounting: putCount(&out)
        case .datagrams: break
        }
    }

    /// Discards the frame and everything written since its start.
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
