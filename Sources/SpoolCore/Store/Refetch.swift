/// The progress of reading a replay's window from the source (`replay.scan`), stored between pages.
package struct Refetch: Sendable, Codable, Equatable {
    /// One stream's part of the window, on the stream's own basis: activities by the time they were recorded,
    /// alerts by date.
    package struct Part: Sendable, Codable, Equatable {
        package let stream: StreamID
        package let name: StreamName
        /// Inclusive.
        package let from: Timestamp
        /// Exclusive.
        package let to: Timestamp
        /// The progress; nil before the first page.
        package var place: Place?
        /// Records in the answers so far.
        package var seen = 0
        /// Of those, spooled as new: they are delivered to every sink.
        package var inserted = 0
        /// Of those, kept for this replay only: retention had deleted them.
        package var recovered = 0

        package init(stream: StreamID, name: StreamName, from: Timestamp, to: Timestamp) {
            self.stream = stream
            self.name = name
            self.from = from
            self.to = to
        }

        package var isComplete: Bool { place.map { $0.readTo >= to } ?? (from >= to) }
    }

    /// A position in a part.
    package struct Place: Sendable, Codable, Equatable {
        /// Everything before this has been read.
        package let readTo: Timestamp
        /// The latest time of a record so far, for progress displays.
        package let seenTo: Timestamp
        /// The reader's own state, from which it continues.
        package let reader: String

        package init(readTo: Timestamp, seenTo: Timestamp, reader: String) {
            self.readTo = readTo
            self.seenTo = seenTo
            self.reader = reader
        }
    }

    package var parts: [Part]
    /// True once everything has been read and the replay is fixed: it then starts to send.
    package var isFixed = false
    /// Why the source is not answering at the moment.
    package var trouble: String?

    package init(parts: [Part]) { self.parts = parts }

    /// How far past the end of a window by `occurred` the source is read as well.
    ///
    /// Activities are read by the time they were recorded, about five minutes after they occurred in public
    /// samples. A window by `created` needs no such margin.
    package static let savedAfter = Duration.hours(1)
}

/// The part of the spool that the refetch of a replay uses.
package protocol RefetchStore: Sendable {
    /// Running and paused replays, newest first: of one sink, or of all sinks.
    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay]

    /// Spools a page of a refetch and counts it, in one transaction, durable on return.
    ///
    /// A record that was never seen becomes an event of its stream and is delivered live. Records that
    /// retention has deleted, and records of a time whose deleted ids are not kept, go into the replay's own
    /// stream, `NAME@replay-ID`, which only that replay reads. A page may be appended twice.
    ///
    /// - Throws: `.invalid` when the replay has ended.
    func append(_ commit: PageCommit, of replay: ReplayID) async throws(StoreError) -> PageReceipt

    /// Stores the progress of a stream's part; nil restarts it.
    func keep(_ place: Refetch.Place?, of stream: StreamID, _ replay: ReplayID) async throws(StoreError)

    /// Cancels a replay whose window cannot be read, and stores the reason, in one transaction; a replay that
    /// has ended is left unchanged.
    func giveUp(_ replay: ReplayID, because reason: String, at: Timestamp) async throws(StoreError)

    /// Stores why the source does not answer; nil clears it.
    func note(_ trouble: String?, ofRefetch replay: ReplayID) async throws(StoreError)

    /// Fixes a replay whose window has been read: its streams, the last `seq` per stream, and the total.
    ///
    /// It then starts to send.
    func fix(_ replay: ReplayID) async throws(StoreError)
}
