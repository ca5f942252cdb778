/// Shortens a record that is too long for its message, so that it remains valid JSON.
///
/// Long strings are shortened first, the longest ones most, each marked with `…[cut]`. If that is not enough,
/// the largest members are left out. The record gets an additional member, `spool_cut`, with the record's
/// size and the names of the members that were left out. A receiver can use it to find such records, and the
/// complete record in the spool.
struct JSONShortener {
    /// The member that marks a record.
    static let mark = "spool_cut"
    /// Strings keep at least this many bytes before members are left out.
    static let shortest = 64
    /// The members that identify a record and give its time are always kept complete.
    private static let kept = ["\"_id\"", "\"timestamp\"", "\"created\""]

    private let text: [UInt8]
    /// Size of the record as the source sent it.
    private let recordBytes: Int

    init(_ text: [UInt8], recordBytes: Int) {
        self.text = text
        self.recordBytes = recordBytes
    }

    /// The record in at most `limit` bytes; nil when not even the members that are always kept fit.
    func shortened(to limit: Int) -> [UInt8]? {
        guard let all = JSONMembers(text)?.members else { return unreadable(limit) }
        let (members, leftOut) = kept(of: all, limit)
        let bytes = members.reduce(0) { $0 + size(of: $1, cap: .max) } + marking(leftOut).count + 2
        var cap = Int.max
        if bytes > limit {
            let lengths = members.filter { !isKept($0) }.flatMap { $0.strings.map(\.count) }
            guard let share = CutShare.cap(of: lengths, losing: bytes - limit) else { return nil }
            cap = share
        }
        let result = render(members, cap: cap, leftOut)
        return result.count <= limit ? result : nil
    }

    /// The members that are kept, and the names of those that are left out.
    ///
    /// The largest members are left out first, until the others fit with their strings shortened.
    private func kept(of all: [JSONMembers.Member], _ limit: Int) -> ([JSONMembers.Member], [Range<Int>]) {
        let sizes = all.map { size(of: $0, cap: Self.shortest) }
        var total = sizes.reduce(0, +) + marking([]).count + 2
        let largestFirst = all.indices
            .filter { !isKept(all[$0]) }
            .sorted { (sizes[$0], $1) > (sizes[$1], $0) }
        var leftOut: Set<Int> = []
        for index in largestFirst where total > limit {
            total -=
                sizes[index] - all[index].name.count - 1
                - (leftOut.isEmpty ? ",\"left_out\":[]".utf8.count : 0)
            leftOut.insert(index)
        }
        return (
            all.indices.filter { !leftOut.contains($0) }.map { all[$0] },
            all.indices.filter(leftOut.contains).map { all[$0].name }
        )
    }

    private func isKept(_ member: JSONMembers.Member) -> Bool { Self.kept.contains(string(member.name)) }

    private func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

    /// The size of a member with its comma when its strings are cut to at most `cap` bytes each.
    private func size(of member: JSONMembers.Member, cap: Int) -> Int {
        let lost = isKept(member) ? 0 : member.strings.reduce(0) { $0 + max(0, $1.count - cap) }
        return member.name.count + 1 + member.value.count + 1 - lost
    }

    private func render(_ members: [JSONMembers.Member], cap: Int, _ leftOut: [Range<Int>]) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "{")]
        for member in members {
            out += text[member.name]
            out.append(UInt8(ascii: ":"))
            var from = member.value.lowerBound
            for inside in member.strings where inside.count > cap && !isKept(member) {
                out += text[from..<inside.lowerBound]
                out += text[inside.lowerBound..<end(of: inside, within: cap - CutMark.bytes)]
                out += "\(CutMark.text)".utf8
                from = inside.upperBound
            }
            out += text[from..<member.value.upperBound]
            out.append(UInt8(ascii: ","))
        }
        return out + marking(leftOut) + [UInt8(ascii: "}")]
    }

    /// The end of the last character of a string that is within this many bytes.
    private func end(of inside: Range<Int>, within room: Int) -> Int {
        var end = inside.lowerBound
        while let length = JSONCharacter.length(text, end), end + length - inside.lowerBound <= room {
            end += length
        }
        return end
    }

    private func marking(_ leftOut: [Range<Int>]) -> [UInt8] {
        let names = leftOut.map(string).joined(separator: ",")
        let list = leftOut.isEmpty ? "" : ",\"left_out\":[\(names)]"
        return Array("\"\(Self.mark)\":{\"record_bytes\":\(recordBytes)\(list)}".utf8)
    }

    /// A text that is not a JSON object becomes an object that contains the start of it.
    private func unreadable(_ limit: Int) -> [UInt8]? {
        let head = Array("{\"\(Self.mark)\":{\"record_bytes\":\(recordBytes)},\"beginning\":\"".utf8)
        let tail = Array("\(CutMark.text)\"}".utf8)
        var out = head
        var at = 0
        while at < text.count {
            let byte = text[at]
            let length = byte < 0x80 ? 1 : JSONCharacter.length(text, at) ?? 1
            let isEscaped = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            if out.count + length + (isEscaped ? 1 : 0) + tail.count > limit { break }
            if isEscaped { out.append(UInt8(ascii: "\\")) }
            out += text[at..<at + length]
            at += length
        }
        return at > 0 ? out + tail : nil
    }
}
