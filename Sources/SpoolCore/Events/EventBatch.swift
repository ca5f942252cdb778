/// Events of one stream, in `seq` order, on their way from the spool to a sink.
///
/// One buffer contains the text columns of all events back to back, filled with one copy per column; `ends`
/// marks the end of each text. It contains no `String`: draining only concatenates bytes.
package struct EventBatch: Sendable {
    /// The text columns, in their order in the buffer.
    package enum Column: Int, CaseIterable, Sendable {
        case externalID, category, action, message, userName, appName, appID, ip, country, userAgent
        case objects, policies, link
        /// The source's own bytes; empty unless the reader requested raw records.
        case raw

        /// How many text columns an event has.
        @inlinable
        package static var count: Int { 14 }
    }

    package let stream: StreamID
    /// The text columns of all events, back to back.
    package private(set) var text: [UInt8]
    /// The end of each text in `text`: event × `Column.count` + column.
    package private(set) var ends: [Int]
    package private(set) var seqs: [Int64]
    /// Milliseconds since 1970.
    package private(set) var occurred: [Int64]
    /// Milliseconds since 1970.
    package private(set) var created: [Int64]
    /// 0 low to 3 informational; -1 where the record has none.
    package private(set) var severities: [Int8]
    /// `EventKind.rawValue`.
    package private(set) var kinds: [UInt8]
    /// Indices before which events of the stream were left out (by a replay's window and filters).
    ///
    /// A run of the ledger ends there, since a ledger row covers every event in its range.
    package private(set) var breaks: [Int] = []

    package init(stream: StreamID, reserving events: Int = 0, bytes: Int = 0) {
        self.stream = stream
        text = []
        ends = []
        seqs = []
        occurred = []
        created = []
        severities = []
        kinds = []
        text.reserveCapacity(bytes)
        ends.reserveCapacity(events * Column.count)
        seqs.reserveCapacity(events)
        occurred.reserveCapacity(events)
        created.reserveCapacity(events)
        severities.reserveCapacity(events)
        kinds.reserveCapacity(events)
    }

    /// How many events it holds.
    @inlinable
    package var count: Int { seqs.count }

    @inlinable
    package var isEmpty: Bool { seqs.isEmpty }

    package var first: Seq? { seqs.first.map { Seq($0) } }

    package var last: Seq? { seqs.last.map { Seq($0) } }

    /// The range of an event's column in `text`.
    @inlinable
    package func range(of column: Column, at index: Int) -> Range<Int> {
        let place = index * Column.count + column.rawValue
        return (place == 0 ? 0 : ends[place - 1])..<ends[place]
    }

    /// A column of an event as text, for commands and tests; not used when draining.
    package func string(_ column: Column, at index: Int) -> String {
        String(decoding: text[range(of: column, at: index)], as: UTF8.self)
    }

    /// Starts an event; exactly `Column.count` calls of `appendText` must follow.
    @inlinable
    package mutating func begin(
        seq: Int64,
        kind: UInt8,
        occurred: Int64,
        created: Int64,
        severity: Int8,
        followsGap: Bool = false
    ) {
        appendNumbers(
            seq: seq,
            kind: kind,
            occurred: occurred,
            created: created,
            severity: severity,
            followsGap: followsGap
        )
    }

    /// Appends the next column's bytes to the event that was started last.
    package mutating func appendText(_ bytes: UnsafeRawBufferPointer) {
        text.append(contentsOf: bytes)
        ends.append(text.count)
    }

    @usableFromInline
    mutating func appendNumbers(
        seq: Int64,
        kind: UInt8,
        occurred: Int64,
        created: Int64,
        severity: Int8,
        followsGap: Bool
    ) {
        if followsGap { breaks.append(seqs.count) }
        seqs.append(seq)
        kinds.append(kind)
        self.occurred.append(occurred)
        self.created.append(created)
        severities.append(severity)
    }
}

extension EventBatch {
    /// Appends a complete event, with its raw record if the reader requested it; for tests and slow paths.
    package mutating func append(_ event: Event, seq: Seq, raw: [UInt8] = [], followsGap: Bool = false) {
        begin(
            seq: seq.value,
            kind: UInt8(event.kind.rawValue),
            occurred: event.occurred.milliseconds,
            created: event.created.milliseconds,
            severity: event.severity.map { Int8(clamping: $0) } ?? -1,
            followsGap: followsGap
        )
        let texts = [
            event.externalID, event.category, event.action, event.message, event.userName, event.appName,
            event.appID, event.ip, event.country, event.userAgent, event.objects, event.policies, event.link,
        ]
        for text in texts {
            var text = text
            text.withUTF8 { appendText(UnsafeRawBufferPointer($0)) }
        }
        raw.withUnsafeBytes { appendText($0) }
    }
}

extension EventBatch {
    /// A copy of some of its events, for the rare case that a batch has to be split.
    package func part(_ range: Range<Int>) -> EventBatch {
        var part = EventBatch(stream: stream, reserving: range.count)
        let isBreak = Set(breaks)
        for index in range {
            part.begin(
                seq: seqs[index],
                kind: kinds[index],
                occurred: occurred[index],
                created: created[index],
                severity: severities[index],
                followsGap: isBreak.contains(index)
            )
            text.withUnsafeBytes { bytes in
                for column in Column.allCases {
                    part.appendText(
                        UnsafeRawBufferPointer(rebasing: bytes[self.range(of: column, at: index)])
                    )
                }
            }
        }
        return part
    }
}

/// The maximum size of a batch; at least one event always fits.
package struct BatchLimit: Sendable, Equatable {
    package var events: Int
    /// Bytes of the text columns.
    package var bytes: Int

    package init(events: Int = 1_000, bytes: Int = 1 << 20) {
        self.events = events
        self.bytes = bytes
    }
}
