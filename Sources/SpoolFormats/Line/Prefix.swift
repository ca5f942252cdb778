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
