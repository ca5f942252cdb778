/// The part of the spool that keeps a poison record from crashing the process at every start.
package protocol PoisonMarkStore: Sendable {
    /// True when the process that had the spool open before did not close it.
    var endedUncleanly: Bool { get }

    /// Sets a mark before a step that may crash; durable on return.
    func mark(_ mark: PoisonMark, at: Timestamp) async throws(StoreError)

    /// Removes a mark after its step, with its crash count.
    func clear(_ mark: PoisonMark) async throws(StoreError)

    /// How often the process has ended uncleanly under each mark.
    func marksOfUncleanEnds() async throws(StoreError) -> [PoisonMark: Int]
}

/// The step that was in progress when the process crashed: parsing a page or one of its records, or rendering
/// a batch or one of its events.
package struct PoisonMark: Sendable, Hashable, Codable {
    package enum Step: String, Sendable, Codable {
        case page, batch
    }

    package let step: Step
    /// The name of the stream or sink.
    package let subject: String
    /// Identifies the page, batch or record; the same at every start.
    package let place: String

    package init(step: Step, subject: String, place: String) {
        self.step = step
        self.subject = subject
        self.place = place
    }
}

extension PoisonMark {
    /// This many crashes under one mark are not a coincidence.
    ///
    /// Fewer may be one: a SIGKILL, sent by the kernel when memory is short or by a supervisor, leaves a mark
    /// as well, and a healthy record must not be dropped because of it.
    package static let suspicious = 3

    /// The prefix of the places of single records and events.
    package static let single = "one "

    /// Parsing the page that answers `scan`.
    package static func page(of scan: Scan, _ stream: StreamName) -> PoisonMark {
        // The end of an open sweep is different at every start, so it is not part of the place.
        let place =
            "\(scan.reason.rawValue) from \(scan.from.milliseconds) at \(scan.position ?? "its beginning")"
        return PoisonMark(step: .page, subject: stream.description, place: place)
    }

    /// Parsing one record, identified by its content.
    package static func record(_ key: String, _ stream: StreamName) -> PoisonMark {
        PoisonMark(step: .page, subject: stream.description, place: single + key)
    }

    /// Parsing older records again, after `seq`.
    package static func derivation(after seq: Seq) -> PoisonMark {
        PoisonMark(step: .page, subject: "older records", place: "after \(seq)")
    }

    /// Rendering the batch that starts with `first`.
    package static func batch(from first: Seq, _ sink: SinkName) -> PoisonMark {
        PoisonMark(step: .batch, subject: sink.text, place: "from \(first)")
    }

    /// Rendering one event.
    package static func event(_ seq: Seq, _ sink: SinkName) -> PoisonMark {
        PoisonMark(step: .batch, subject: sink.text, place: single + seq.description)
    }
}
