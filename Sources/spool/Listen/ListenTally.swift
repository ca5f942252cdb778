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
