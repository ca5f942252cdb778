/// How far a replay's reading of its window from the source is (`replay.scan`), as it is kept between pages.
package struct Refetch: Sendable, Codable, Equatable {
    /// One stream's part of the window, on the stream's own basis: what activities were saved, alerts dated in it.
    package struct Part: Sendable, Codable, Equatable {
        package let stream: StreamID
        package let name: StreamName
        /// Inclusive.
        package let from: Timestamp
        /// Exclusive.
        package let to: Timestamp
        /// How far the reading is; nil before its first page.
        package var place: Place?
        /// Records the answers have held.
        package var seen = 0
        /// Of those, spooled as new: they go live to every sink.
        package var inserted = 0
        /// Of those, kept for this replay alone: retention had taken them.
        package var recovered = 0

        package init(stream: StreamID, name: StreamName, from: Timestamp, to: Timestamp) {
            self.stream = stream
            self.name = name
            self.from = from
            self.to = to
        }

        package var isComplete: Bool { place.map { $0.readTo >= to } ?? (from >= to) }
    }

    /// A place in a part.
    package struct Place: Sendable, Codable, Equatable {
        /// Everything before this has been read.
        package let readTo: Timestamp
        /// The greatest time of a record seen so far, for whoever watches.
        package let seenTo: Timestamp
        /// All that the reader needs to go on from there, in its own words.
        package let reader: String

        package init(readTo: Timestamp, seenTo: Timestamp, reader: String) {
            self.readTo = readTo
            self.seenTo = seenTo
            self.reader = reader
        }
    }

    package var parts: [Part]
    /// True once everything was read and the replay is fixed: from then on it sends.
    package var isFixed = false
    /// Why the source does not answer for now.
    package var trouble: String?

    package init(parts: [Part]) { self.parts = parts }

    /// Activities are read by when they were saved, some five minutes after they happened on public
    /// samples: so much behind a window of happening is read as well.
    ///
    /// A window by `created` needs no such margin.
    package static let savedAfter = Duration.hours(1)
}

/// What the refetch of a replay asks of the spool.
package protocol RefetchStore: Sendable {
    /// Running and paused replays, newest first: of one sink, or of all.
    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay]

    /// Spools a page of a refetch and counts it, in one transaction, durable on return.
    ///
    /// What was never seen becomes an event of its stream and goes live. Records that retention has deleted, and those
    /// of a time whose deleted ids are not kept, go into the replay's own stream, `NAME@replay-ID`, which only that replay reads. A page
    /// may come again.
    ///
    /// - Throws: `.invalid` when the replay has ended.
    func append(_ commit: PageCommit, of replay: ReplayID) async throws(StoreError) -> PageReceipt

    /// Keeps how far a stream's part is; nil: it begins again.
    func keep(_ place: Refetch.Place?, of stream: StreamID, _ replay: ReplayID) async throws(StoreError)

    /// Cancels a replay whose window cannot be read, and keeps why, in one transaction; one that has ended stays
    /// as it is.
    func giveUp(_ replay: ReplayID, because reason: String, at: Timestamp) async throws(StoreError)

    /// Keeps why the source does not answer; nil clears it.
    func note(_ trouble: String?, ofRefetch replay: ReplayID) async throws(StoreError)

    /// Fixes a replay whose window has been read: streams, per stream the last `seq`, and the total.
    ///
    /// It sends from then on.
    func fix(_ replay: ReplayID) async throws(StoreError)
}
