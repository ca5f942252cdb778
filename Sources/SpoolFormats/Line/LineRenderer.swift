package import SpoolCore

/// Renders batches of events as lines: in one pass, without `String`s and without allocations per event.
package struct LineRenderer: Sendable {
    package let format: LineFormat
    private let prefix: Prefix
    private let payload: PayloadWriter

    package init(_ format: LineFormat) {
        self.format = format
        prefix = Prefix(format.envelope, isTagged: format.payload == .json)
        payload = PayloadWriter(format.payload)
    }

    /// The number of bytes that `render` needs for a batch.
    ///
    /// It is several times the actual size, because every byte may have to be replaced by three.
    package func capacity(for batch: EventBatch) -> Int {
        BatchView.of(batch) { events in
            (0..<events.count).reduce(0) { $0 + (events[$1].map(bound) ?? 0) }
        }
    }

    /// Writes the lines of a batch one after the other.
    ///
    /// - Precondition: `memory` holds at least `capacity(for:)` bytes.
    package func render(_ batch: EventBatch, into memory: UnsafeMutableRawBufferPointer) -> RenderedBatch {
        var out = ByteWriter(memory)
        var result = RenderedBatch()
        let start = out.next
        BatchView.of(batch) { events in
            for index in 0..<events.count {
                guard let event = events[index] else { continue }
                precondition(out.room >= bound(event), "memory for rendering is smaller than its capacity")
                switch line(of: event, &out) {
                case .whole: break
                case .cut: result.cut.append(index)
                case .tooLarge:
                    result.tooLarge.append(index)
                    continue
                }
                if format.framing == .datagrams { result.ends.append(out.next - start) }
            }
        }
        result.bytes = out.next - start
        return result
    }

    private enum Fit {
        case whole, cut, tooLarge
    }

    @inline(__always)
    private func bound(_ event: EventView) -> Int {
        prefix.bound + payload.bound(event) + FrameWriter.bound + ByteWriter.slack
    }

    @inline(__always)
    private func line(of event: EventView, _ out: inout ByteWriter) -> Fit {
        let frame = FrameWriter(format.framing, &out)
        let start = out.next
        prefix.write(event.occurred, to: &out)
        var isCut = payload.write(event, to: &out)
        if out.next - start > format.maxMessageBytes {
            guard shorten(event, from: start, &out) else {
                frame.cancel(&out)
                return .tooLarge
            }
            isCut = true
        }
        frame.end(&out)
        return isCut ? .cut : .whole
    }

    /// Writes a line again that exceeds the maximum size.
    @inline(never)
    private func shorten(
        _ event: EventView,
        from start: UnsafeMutablePointer<UInt8>,
        _ out: inout ByteWriter
    ) -> Bool {
        let excess = out.next - start - format.maxMessageBytes
        out.rewind(to: start)
        prefix.write(event.occurred, to: &out)
        let room = format.maxMessageBytes - (out.next - start)
        return payload.write(event, shortenedTo: room, losing: excess, to: &out)
    }
}

/// The result of rendering a batch.
package struct RenderedBatch: Sendable, Equatable {
    /// Bytes written, framing included.
    package var bytes = 0
    /// Indices of events whose line is incomplete: texts were cut, or members left out, because of the limit
    /// of the message or of a CEF value.
    package var cut: [Int] = []
    /// Indices of events of which not even the parts that may not be cut fit the limit; nothing was written
    /// for them.
    package var tooLarge: [Int] = []
    /// The end of each datagram, with `Framing.datagrams`; without the events that are too large.
    package var ends: [Int] = []

    package init() {}
}

/// The envelope, with the parts precomputed that are the same for every line.
struct Prefix {
    private let beforeTime: [UInt8]
    private let time: TimeStyle?
    private let afterTime: [UInt8]

    /// `isTagged`: the payload does not start with a word that receivers use as the program name, as CEF does
    /// with `CEF:`.
    init(_ envelope: Envelope, isTagged: Bool) {
        let tag = isTagged ? "spool: " : ""
        switch envelope {
        case .agent(let header, let system):
            beforeTime = Array((header.priority.map { "<\($0)>" } ?? "").utf8)
            time =
                switch header.time {
                case .rfc3164: .monthDay
                case .rfc3164Year: .monthDayYear
                case .rfc5424: .iso
                }
            afterTime = Array(((header.systemName ? " \(Self.word(system)) " : " ") + tag).utf8)
        case .rfc3164(let system):
            beforeTime = Array("<\(Envelope.priority)>".utf8)
            time = .monthDayPadded
            afterTime = Array(" \(Self.word(system)) \(tag)".utf8)
        case .rfc5424(let system):
            beforeTime = Array("<\(Envelope.priority)>1 ".utf8)
            time = .iso
            afterTime = Array(" \(Self.word(system)) spool - - - ".utf8)
        case .bare:
            (beforeTime, time, afterTime) = ([], nil, [])
        }
    }

    /// The maximum number of bytes that `write` writes.
    var bound: Int { beforeTime.count + 32 + afterTime.count }

    @inline(__always)
    func write(_ milliseconds: Int64, to out: inout ByteWriter) {
        guard let time else { return }
        out.put(beforeTime)
        out.put(milliseconds: milliseconds, as: time)
        out.put(afterTime)
    }

    /// A name of at most 255 visible ASCII characters (RFC 5424 §6.2.4); other characters become hyphens.
    private static func word(_ name: String) -> String {
        let visible = name.unicodeScalars.prefix(255).map {
            (33...126).contains($0.value) ? Character($0) : "-"
        }
        return visible.isEmpty ? "-" : String(visible)
    }
}

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
