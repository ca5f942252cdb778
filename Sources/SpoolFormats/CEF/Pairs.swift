/// Writes the pairs of a line; each starts with the space that separates it from the previous pair.
struct Pairs {
    /// The dictionary's maximum lengths of texts and of custom strings, in characters.
    static let textLength = 1_023
    static let customLength = 4_000

    var out: ByteWriter
    private(set) var wasCut = false
    private let shape: CEFShape
    /// The maximum number of bytes of a free-text value.
    private let cap: Int

    init(out: ByteWriter, shape: CEFShape, cap: Int) {
        self.out = out
        self.shape = shape
        self.cap = cap
    }

    /// A field of the header and the `|` after it.
    @inline(__always)
    mutating func header(_ text: UnsafeBufferPointer<UInt8>, characters: Int, cap: Int) {
        put(text, characters: characters, cap: cap, as: CEFHeaderRules.self)
        out.put(UInt8(ascii: "|"))
    }

    /// `rt`, `start` and `end`, all with the time at which the event occurred.
    @inline(__always)
    mutating func times(_ time: Int64, rt: Bool) {
        if rt {
            out.put(" rt=")
            out.put(decimal: time)
        }
        out.put(" start=")
        out.put(decimal: time)
        out.put(" end=")
        out.put(decimal: time)
    }

    /// A free-text value.
    @inline(__always)
    mutating func pair(_ key: StaticString, _ text: UnsafeBufferPointer<UInt8>) {
        guard shape.emptyPairs || !text.isEmpty else { return }
        out.put(key)
        value(text, characters: Self.textLength, cap: cap)
    }

    /// An address; never cut, because a truncated address is a different address.
    @inline(__always)
    mutating func address(_ key: StaticString, _ text: UnsafeBufferPointer<UInt8>) {
        guard shape.emptyPairs || !text.isEmpty else { return }
        out.put(key)
        value(text, characters: .max, cap: .max)
    }

    /// The link contained in the record.
    @inline(__always)
    mutating func link(_ text: UnsafeBufferPointer<UInt8>) {
        guard shape.emptyPairs || !text.isEmpty else { return }
        out.put(" cs1Label=portalURL cs1=")
        value(text, characters: .max, cap: .max)
    }

    /// The names of the apps.
    @inline(__always)
    mutating func apps(_ ids: UnsafeBufferPointer<UInt8>) {
        guard shape.emptyPairs || !ids.isEmpty else { return }
        out.put(" cs2Label=uniqueServiceAppIds cs2=")
        out.put(appNames: ids)
    }

    /// A custom string with its label.
    @inline(__always)
    mutating func labelled(
        _ label: StaticString,
        _ key: StaticString,
        _ text: UnsafeBufferPointer<UInt8>
    ) {
        guard shape.emptyPairs || !text.isEmpty else { return }
        out.put(label)
        out.put(key)
        value(text, characters: Self.customLength, cap: cap)
    }

    /// The client's IPv6 address.
    @inline(__always)
    mutating func deviceIPv6(_ text: UnsafeBufferPointer<UInt8>, always: Bool) {
        guard !text.isEmpty || (always && shape.emptyPairs) else { return }
        if shape.quotesLabel {
            out.put(" c6a1Label=\"Device IPv6 Address\" c6a1=")
        } else {
            out.put(" c6a1Label=Device IPv6 Address c6a1=")
        }
        value(text, characters: .max, cap: .max)
    }

    /// A value alone.
    @inline(__always)
    mutating func value(_ text: UnsafeBufferPointer<UInt8>, characters: Int, cap: Int) {
        put(text, characters: characters, cap: cap, as: CEFValueRules.self)
    }

    @inline(__always)
    private mutating func put<Rules: EscapeRules>(
        _ text: UnsafeBufferPointer<UInt8>,
        characters: Int,
        cap: Int,
        as rules: Rules.Type
    ) {
        guard let start = text.baseAddress else { return }
        let limit = ValueLimit(characters: shape.cutsToDictionary ? characters : .max, bytes: cap)
        if out.put(escaping: start, text.count, limit: limit, as: rules) { wasCut = true }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// A text that is not there.
    static var empty: Self { Self(start: nil, count: 0) }
}
