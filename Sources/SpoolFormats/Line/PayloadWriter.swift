import SpoolCore

/// Writes what a line says, by its format.
enum PayloadWriter {
    case cef(CEFWriter)
    case json(JSONWriter)

    init(_ payload: LineFormat.Payload) {
        switch payload {
        case .cef(let profile): self = .cef(CEFWriter(profile))
        case .json: self = .json(JSONWriter())
        }
    }

    /// The most bytes `write` may take for an event.
    @inline(__always)
    func bound(_ event: EventView) -> Int {
        switch self {
        case .cef(let writer): writer.bound(event)
        case .json(let writer): writer.bound(event[.raw].count)
        }
    }

    /// Writes an event; values that may be cut take at most `cap` bytes each.
    ///
    /// - Returns: True when a value was cut.
    @inline(__always)
    func write(_ event: EventView, cap: Int, to out: inout ByteWriter) -> Bool {
        switch self {
        case .cef(let writer): writer.write(event, cap: cap, to: &out)
        case .json(let writer): writer.write(event[.raw], cap: cap, to: &out)
        }
    }

    /// How many bytes each value takes that may be cut; `out` is used for trying and left as it was.
    func cuttable(_ event: EventView, trying out: inout ByteWriter) -> [Int] {
        switch self {
        case .cef(let writer): return writer.cuttable(event, trying: &out)
        case .json(let writer):
            let start = out.next
            defer { out.rewind(to: start) }
            _ = writer.write(event[.raw], cap: .max, to: &out)
            return [out.next - start]
        }
    }
}

extension CEFWriter {
    /// Free text of people and programs; ids, addresses and links would say something else if cut.
    private static let freeText: [EventBatch.Column] = [
        .message, .userName, .appName, .userAgent, .objects, .policies,
    ]

    /// How many bytes each value takes that may be cut; `out` is used for trying and left as it was.
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

/// Shares the room of a line that is too long among its values.
enum CutShare {
    /// The most bytes a value may take so that all of them together lose at least `excess`: short values stay
    /// whole, long ones become equally long; nil when there is not even room for the marks.
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
