/// What the loops ask of the spool so that a record which traps the process does not trap it at every start.
package protocol CrashMarkStore: Sendable {
    /// True when the process that had the spool before did not close it.
    var endedUncleanly: Bool { get }

    /// Sets a mark before a step that may trap; durable on return.
    func mark(_ mark: CrashMark, at: Timestamp) async throws(StoreError)

    /// Takes a mark away after its step, with what was counted under it.
    func clear(_ mark: CrashMark) async throws(StoreError)

    /// How often the process has ended uncleanly under each mark.
    func marksOfUncleanEnds() async throws(StoreError) -> [CrashMark: Int]
}

/// What was under way when the process trapped: the reading of a page or of one of its records, the rendering
/// of a batch or of one of its events.
package struct CrashMark: Sendable, Hashable, Codable {
    package enum Step: String, Sendable, Codable {
        case page, batch
    }

    package let step: Step
    /// The name of the stream or sink.
    package let subject: String
    /// Which page, batch or record, in the caller's words: the same at every start.
    package let place: String

    package init(step: Step, subject: String, place: String) {
        self.step = step
        self.subject = subject
        self.place = place
    }
}

extension CrashMark {
    /// So many ends under the same mark are no chance any more.
    ///
    /// Fewer may be: an end by SIGKILL, from the kernel short of memory or an impatient supervisor, also finds a mark
    /// set, and must not cost a healthy record.
    package static let suspicious = 3

    /// What the places of single records and events begin with.
    package static let single = "one "

    /// The reading of the page that answers `scan`.
    package static func page(of scan: Scan, _ stream: StreamName) -> CrashMark {
        // The end of an open sweep is another one at every start.
        let place =
            "\(scan.reason.rawValue) from \(scan.from.milliseconds) at \(scan.position ?? "its beginning")"
        return CrashMark(step: .page, subject: stream.description, place: place)
    }

    /// The reading of one record, known by its content.
    package static func record(_ key: String, _ stream: StreamName) -> CrashMark {
        CrashMark(step: .page, subject: stream.description, place: single + key)
    }

    /// The reading of older records anew, from the one behind `seq` on.
    package static func derivation(after seq: Seq) -> CrashMark {
        CrashMark(step: .page, subject: "older records", place: "after \(seq)")
    }

    /// The rendering of the batch that begins with `first`.
    package static func batch(from first: Seq, _ sink: SinkName) -> CrashMark {
        CrashMark(step: .batch, subject: sink.text, place: "from \(first)")
    }

    /// The rendering of one event.
    package static func event(_ seq: Seq, _ sink: SinkName) -> CrashMark {
        CrashMark(step: .batch, subject: sink.text, place: single + seq.description)
    }
}
