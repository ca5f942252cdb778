import SpoolCore
import SpoolReceiver

/// Counts of what a listener has received.
struct ListenTally {
    /// The maximum of ids remembered: repeats of further ids are not detected, and the summary says so.
    static let longestMemory = 2_000_000

    private(set) var events = 0
    private(set) var bytes = 0
    private(set) var notCEF = 0
    private(set) var problems: [String: Int] = [:]
    /// Counts by event class, the `Signature ID` in the CEF header.
    private(set) var classes: [String: Int] = [:]
    private(set) var withoutID = 0
    private(set) var repeats = 0
    private(set) var repeated: [String: Int] = [:]
    private var ids: Set<String> = []
    private var watches: [Int: SequenceWatch] = [:]

    /// The number of different ids so far.
    var differentIDs: Int { ids.count }
    /// True if there were too many ids to remember all of them.
    var hasForgotten: Bool { ids.count >= Self.longestMemory }
    /// The sequence numbers of all connections.
    var sequences: [SequenceWatch] { watches.sorted { $0.key < $1.key }.map(\.value) }

    /// Counts the next message.
    mutating func take(_ message: ReceivedEvent) {
        events += 1
        bytes += message.line.utf8.count
        if let number = SequenceWatch.number(in: message.line) {
            watches[message.connection, default: SequenceWatch()].take(number)
        }
        switch message.reading {
        case .failure(let error):
            notCEF += 1
            problems[error.reason.rawValue, default: 0] += 1
        case .success(let line):
            classes[line.eventClassID, default: 0] += 1
            guard let id = line["externalId"] else { return withoutID += 1 }
            note(id)
        }
    }

    private mutating func note(_ id: String) {
        if ids.contains(id) {
            repeats += 1
            repeated[id, default: 1] += 1
        } else if !hasForgotten {
            ids.insert(id)
        }
    }
}

/// A message with the result of the CEF parser.
struct ReceivedEvent {
    let line: String
    let framing: String
    let connection: Int
    let reading: Result<CEFLine, CEFError>

    init(_ message: ReceivedMessage) {
        line = message.text
        framing = message.framing.rawValue
        connection = message.connection
        reading = message.cef
    }
}

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
