import SpoolReceiver

/// What has come to a listener, counted.
struct ListenTally {
    /// Ids noted at most: beyond them repeats are not told, and the summary says so.
    static let longestMemory = 2_000_000

    private(set) var events = 0
    private(set) var bytes = 0
    private(set) var notCEF = 0
    private(set) var problems: [String: Int] = [:]
    /// By class of event, the CEF header's `Signature ID`.
    private(set) var classes: [String: Int] = [:]
    private(set) var withoutID = 0
    private(set) var repeats = 0
    private(set) var repeated: [String: Int] = [:]
    private var ids: Set<String> = []
    private var watches: [Int: SequenceWatch] = [:]

    /// Different ids so far.
    var differentIDs: Int { ids.count }
    /// True once there were too many ids to note them all.
    var hasForgotten: Bool { ids.count >= Self.longestMemory }
    /// All numbers of all connections.
    var sequences: [SequenceWatch] { watches.sorted { $0.key < $1.key }.map(\.value) }

    /// Takes the next message, with what the parser made of it.
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

/// A message with what the CEF parser made of it.
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
