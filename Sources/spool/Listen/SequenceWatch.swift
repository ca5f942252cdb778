import SpoolCore

/// The sequence numbers of one connection's messages, and the missing ones: RFC 5424 §7.3.1, `sequenceId` in
/// `meta`.
///
/// A sender counts from 1, and starts again at 1 after a restart and after 2,147,483,647.
struct SequenceWatch {
    /// The maximum of gaps remembered, so that a late number can fill its gap.
    private static let remembered = 1_000
    /// RFC 5424 §7.3.1.
    private static let greatestNumber = 2_147_483_647

    private(set) var numbered = 0
    private(set) var missing = 0
    private(set) var restarts = 0
    private(set) var gaps: [ClosedRange<Int>] = []
    private var greatest: Int?

    /// Records the next number in the order of arrival.
    mutating func take(_ number: Int) {
        numbered += 1
        guard let last = greatest else { return greatest = number }
        if number > last {
            if number > last + 1 { open((last + 1)...(number - 1)) }
            greatest = number
        } else if number == 1 {
            restarts += 1
            greatest = 1
        } else {
            fill(number)
        }
    }

    private mutating func open(_ gap: ClosedRange<Int>) {
        missing = missing.saturatingAdd(gap.count)
        if gaps.count < Self.remembered { gaps.append(gap) }
    }

    /// Handles a datagram that arrives late.
    private mutating func fill(_ number: Int) {
        guard let index = gaps.firstIndex(where: { $0.contains(number) }) else { return }
        let gap = gaps.remove(at: index)
        missing -= 1
        if number < gap.upperBound { gaps.insert((number + 1)...gap.upperBound, at: index) }
        if gap.lowerBound < number { gaps.insert(gap.lowerBound...(number - 1), at: index) }
    }

    /// The number in a syslog header's structured data; nil if there is none, or if RFC 5424 does not allow
    /// it.
    static func number(in line: String) -> Int? {
        // Only the header is searched: a message could contain the same text.
        let head = line.prefix { $0 != "|" }
        guard let meta = head.firstRange(of: "[meta "),
            let end = head[meta.upperBound...].firstIndex(of: "]"),
            let key = head[meta.upperBound..<end].firstRange(of: "sequenceId=\"")
        else { return nil }
        guard let number = Int(head[key.upperBound..<end].prefix { $0.isASCII && $0.isNumber }),
            (1...greatestNumber).contains(number)
        else { return nil }
        return number
    }
}
