import SpoolCore

/// Writes the payload of a line in its format.
enum PayloadWriter {
    case cef(CEFWriter)
    case json(JSONWriter)

    init(_ payload: LineFormat.Payload) {
        switch payload {
        case .cef(let profile): self = .cef(CEFWriter(profile))
        case .json: self = .json(JSONWriter())
        }
    }

    /// The maximum number of bytes that `write` writes for an event.
    @inline(__always)
    func bound(_ event: EventView) -> Int {
        switch self {
        case .cef(let writer): writer.bound(event)
        case .json(let writer): writer.bound(event[.raw].count)
        }
    }

    /// Writes an event.
    ///
    /// - Returns: True when a value was cut to the maximum length of its format.
    @inline(__always)
    func write(_ event: EventView, to out: inout ByteWriter) -> Bool {
        switch self {
        case .cef(let writer): return writer.write(event, cap: .max, to: &out)
        case .json(let writer):
            writer.write(event[.raw], to: &out)
            return false
        }
    }

    /// Writes an event again, shortened and marked, that was `excess` bytes longer than `room`.
    ///
    /// - Returns: False when it cannot be shortened enough.
    func write(_ event: EventView, shortenedTo room: Int, losing excess: Int, to out: inout ByteWriter)
        -> Bool
    {
        switch self {
        case .json(let writer): return writer.write(event[.raw], shortenedTo: room, to: &out)
        case .cef(let writer):
            let lengths = writer.cuttable(event, trying: &out)
            guard let cap = CutShare.cap(of: lengths, losing: excess) else { return false }
            let start = out.next
            _ = writer.write(event, cap: cap, to: &out)
            return out.next - start <= room
        }
    }
}

extension CEFWriter {
    /// Free text; ids, addresses and links would have a different meaning if cut.
    private static let freeText: [EventBatch.Column] = [
        .message, .userName, .appName, .userAgent, .objects, .policies,
    ]

    /// The sizes of the values that may be cut; `out` is used for measuring and left unchanged.
    func cuttable(_ event: EventView, trying out: inout ByteWriter) -> [Int] {
        let start = out.next
        var pairs = Pairs(out: out, shape: shape, cap: .max)
        var lengths: [Int] = []
        pairs.header(event[.action], characters: Self.nameLength, cap: .max)
        lengths.append(pairs.out.next - start - 1)
        for column in Self.freeText {
            pairs.out.rewind(to: start)
            let characters =
                column == .objects || column == .policies ? Pairs.customLength : Pairs.textLength
            pairs.value(event[column], characters: characters, cap: .max)
            lengths.append(pairs.out.next - start)
        }
        return lengths
    }
}

/// Distributes the available size among the values of a line that is too long.
enum CutShare {
    /// The maximum size of a value so that all of them together lose at least `excess` bytes.
    ///
    /// Short values stay complete, long ones become equally long; nil when there is not even space for the
    /// marks.
    static func cap(of lengths: [Int], losing excess: Int) -> Int? {
        var budget = lengths.reduce(0, +) - excess
        let sorted = lengths.sorted()
        for (index, length) in sorted.enumerated() {
            let share = budget / (sorted.count - index)
            if length > share { return share >= CutMark.bytes ? share : nil }
            budget -= length
        }
        return nil
    }
}
