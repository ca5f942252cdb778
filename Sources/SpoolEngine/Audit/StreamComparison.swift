import SpoolCore
import SpoolPipeline
import SpoolStore

/// Compares one window of a stream id by id: the source's pages, the spool's events, and the state at every
/// sink.
///
/// Missing events are checked again after the stream's next sweep.
struct StreamComparison: Sendable {
    /// The maximum number of such checks for a stream that keeps changing, each after a sweep.
    static let looks = 3

    let parent: Verification
    let stream: SourceStream
    let id: StreamID
    let window: Range<Timestamp>
    let targets: [ProofTarget]
    let scratch: ProofScratch
    let record: ProofRecord
    /// Checked before every slice of work.
    let stop: ShutdownRequest

    var context: ProofContext { parent.context }
    var spool: Spool { parent.context.spool }

    func run(_ begun: ProofStream, repair: VerifyRequest.Repair) async throws(VerificationFault) {
        var found = begun
        found.sinks = targets.map { ProofSink($0.name) }
        try await readSource(&found)
        try await proveDelivered()
        try await walkSpool(&found)
        _ = try await lookAgain(&found, sinks: false)
        try await setAsidePruned(&found)
        for _ in 0..<Self.looks {
            guard try await isAnythingMissing() else { break }
            if parent.isDaemon {
                try await nextSweep()
            } else {
                try await secondReading()
            }
            try await proveDelivered()
            // Events that have just been fetched may still be on their way to a sink.
            guard try await lookAgain(&found, sinks: true), parent.isDaemon else { break }
        }
        try await setAsidePruned(&found)
        tell("building the lists")
        let missing = try await count(&found)
        let mending = StreamRepair(comparison: self)
        if mending.isNeeded(of: found, repair) { found.mending = true }
        // Stored before the repair starts, so that the finding survives an interruption.
        try await keep(found, missing: missing)
        guard found.mending == true else { return }
        try await mending.run(&found, repair)
        found.mending = nil
        try await keep(found)
    }

    /// Stores the result so far, even after a stop request.
    func keep(_ found: ProofStream, missing: [MissingEvent] = []) async throws(VerificationFault) {
        try await Verification.storing { () async throws(StoreError) in
            try await record.keep(found, missing: missing)
        }
    }

    /// Waits for proof of delivery; otherwise recently sent events would only be acknowledged by the
    /// receiver's kernel.
    private func proveDelivered() async throws(VerificationFault) {
        guard parent.isDaemon else { return }
        tell(
            "waiting for the receivers to close their connections, "
                + "which proves that they have read everything"
        )
        try await storing { () async throws(StoreError) in
            try await context.proveDelivered(to: targets.map(\.sink), stop: stop)
        }
    }

    // MARK: Reading

    private func readSource(_ found: inout ProofStream) async throws(VerificationFault) {
        let taker = ids(isSecond: false)
        let place = try await read(window, into: taker)
        found.unreadable = taker.unreadable
        found.unproved = place.unproved
    }

    /// Reads a window of the stream from its source.
    func read(_ window: Range<Timestamp>, into taker: any WindowTaker) async throws(VerificationFault)
        -> WindowPlace
    {
        let reader = try await storing { () async throws(StoreError) in
            try await context.windowReader(of: stream.name, timeout: parent.timeout)
        }
        let place: WindowPlace
        do throws(WindowFault) {
            let begin = try reader.place(from: window.lowerBound, to: window.upperBound)
            place = try await reader.read(begin, into: taker, stop: stop)
        } catch {
            throw .window(error)
        }
        guard place.isComplete else { throw .stopped }
        return place
    }

    private func ids(isSecond: Bool) -> SourceIDs {
        let (parent, name) = (parent, stream.name)
        return SourceIDs(
            scratch: scratch,
            window: window,
            isSecond: isSecond
        ) { count, fault in
            let again = isSecond ? " a second time" : ""
            let trouble = fault.map { "; the source does not respond: \($0)" } ?? ""
            parent.tell("\(name): \(count) records read from the source\(again)\(trouble)")
        }
    }

    private func walkSpool(_ found: inout ProofStream) async throws(VerificationFault) {
        var place: ProofSlice.Place? = ProofSlice.Place(from: window.lowerBound)
        var walked = 0
        while let at = place {
            let slice = try await storing { () async throws(StoreError) in
                let slice = try await spool.proofSlice(of: id, at: at, to: window.upperBound, targets)
                try await scratch.addSpooled(slice.rows)
                return slice
            }
            for row in slice.rows {
                for (index, standing) in row.standings.enumerated() { found.sinks[index].add(standing) }
            }
            walked += slice.rows.count
            tell("\(walked) spooled events compared")
            place = slice.next
        }
    }

    // MARK: The second check

    /// Sets aside the events that retention has deleted: no sweep returns them, and they are not read again.
    ///
    /// The deleted ids that retention stores distinguish them from records that were never fetched.
    private func setAsidePruned(_ found: inout ProofStream) async throws(VerificationFault) {
        let aside = try await storing { () async throws(StoreError) -> ProofScratch.SetAside? in
            let bounds = try await spool.proofBounds(of: id)
            guard let prunedTo = bounds.prunedTo else { return nil }
            try await scratch.addDeleted(by: spool, id, from: window.lowerBound, targets)
            return try await scratch.setAside(
                before: prunedTo,
                idsFrom: bounds.prunedIDsFrom,
                window: window.lowerBound,
                sinks: targets.count
            )
        }
        guard let aside else { return }
        found.noLongerProvable += aside.unprovable
        found.pruned += aside.deleted
        for index in targets.indices {
            found.sinks[index].doubtful += aside.doubtful[index]
            found.sinks[index].lost += aside.lost[index]
        }
    }

    private func isAnythingMissing() async throws(VerificationFault) -> Bool {
        try await storing { () async throws(StoreError) in
            if try await !scratch.unknown(after: "").isEmpty { return true }
            for index in targets.indices {
                if try await scratch.count(of: index).keys.contains(where: { $0.cause != nil }) {
                    return true
                }
            }
            return false
        }
    }

    private func nextSweep() async throws(VerificationFault) {
        tell("something is missing; waiting for the stream's next sweep to confirm it")
        let before = try await sweepEnded()
        let began = context.time.elapsed()
        while true {
            let watch = SeenVersion(context.swept)
            if try await sweepEnded() != before { return }
            if context.time.elapsed() - began >= parent.timeout, let trouble = try await trouble() {
                throw .troubled(trouble)
            }
            await context.time.wait(.minutes(5), or: watch, SeenVersion(stop))
            if stop.isAsked || Task.isCancelled { throw .stopped }
        }
    }

    /// The source's error, while it does not respond to the stream's fetch loop.
    private func trouble() async throws(VerificationFault) -> String? {
        try await storing { () async throws(StoreError) in
            try await spool.status().streams.first { $0.id == id }?.trouble
        }
    }

    private func sweepEnded() async throws(VerificationFault) -> Timestamp? {
        try await storing { () async throws(StoreError) in try await spool.proofBounds(of: id).sweepEnded }
    }

    /// Replaces the sweep if no daemon runs: only ids that the source lists a second time count as missing.
    private func secondReading() async throws(VerificationFault) {
        let parts = try await storing { () async throws(StoreError) in try await partsOfUnknown() }
        guard !parts.isEmpty else { return }
        let taker = ids(isSecond: true)
        for part in parts { _ = try await read(part, into: taker) }
        try await storing { () async throws(StoreError) in try await scratch.dropUnconfirmed() }
    }

    /// The hours of the window that contain ids which the spool does not have; the whole window if one of
    /// them has no time.
    func partsOfUnknown() async throws(StoreError) -> [Range<Timestamp>] {
        let hours = try await scratch.hoursOfUnknown()
        guard !hours.contains(nil) else { return [window] }
        var parts: [Range<Timestamp>] = []
        for hour in hours.compactMap({ $0 }) {
            let from = max(window.lowerBound, Timestamp(milliseconds: hour * 3_600_000))
            let to = min(window.upperBound, Timestamp(milliseconds: (hour + 1) * 3_600_000))
            if let last = parts.last, last.upperBound == from {
                parts[parts.count - 1] = last.lowerBound..<to
            } else {
                parts.append(from..<to)
            }
        }
        return parts
    }

    /// Checks whether the spool now has the missing events, and with `sinks` also updates their state at
    /// every sink.
    ///
    /// - Returns: true if the spool has new events that are not at every sink yet.
    private func lookAgain(_ found: inout ProofStream, sinks: Bool) async throws(VerificationFault) -> Bool {
        if sinks {
            for index in targets.indices { try await lookAgain(at: index, &found) }
        }
        var (isNew, after) = (false, "")
        while let slice = try await unknown(after: after) {
            let rows = try await storing { () async throws(StoreError) in
                let rows = try await spool.proofRows(of: slice.ids.map(\.id), id, targets)
                try await scratch.addSpooled(rows)
                return rows
            }
            for row in rows {
                for (index, standing) in row.standings.enumerated() { found.sinks[index].add(standing) }
                if row.standings.contains(where: { $0.cause != nil }) { isNew = true }
            }
            after = slice.last
        }
        return isNew
    }

    private func lookAgain(at index: Int, _ found: inout ProofStream) async throws(VerificationFault) {
        var after = ""
        while let slice = try await lacks(of: index, after: after) {
            after = slice.last
            let lacks = slice.lacks.filter { $0.standing.cause != nil && $0.seq != nil }
            let standings = try await storing { () async throws(StoreError) in
                let seqs = lacks.compactMap(\.seq)
                let standings = try await spool.standings(of: seqs, at: targets[index].sink, id)
                if standings.contains(nil) {
                    try await scratch.addDeleted(by: spool, id, from: window.lowerBound, targets)
                }
                return try await scratch.change(lacks, to: standings, of: index)
            }
            for (lack, standing) in zip(lacks, standings) {
                found.sinks[index].remove(lack.standing)
                found.sinks[index].add(standing)
            }
        }
    }

    /// The next slice of ids that the source lists and the spool does not have; nil at the end.
    func unknown(after: String) async throws(VerificationFault)
        -> (ids: [ProofScratch.Unknown], last: String)?
    {
        let ids = try await storing { () async throws(StoreError) in try await scratch.unknown(after: after) }
        return ids.last.map { (ids, $0.id) }
    }

    /// The next slice of events that a sink does not have; nil at the end.
    func lacks(of index: Int, after: String) async throws(VerificationFault)
        -> (lacks: [ProofScratch.Lack], last: String)?
    {
        let lacks = try await storing { () async throws(StoreError) in
            try await scratch.lacks(of: index, after: after)
        }
        return lacks.last.map { (lacks, $0.id) }
    }

    func tell(_ what: String) { parent.tell("\(stream.name): \(what)") }

    func storing<Value: Sendable>(_ body: () async throws(StoreError) -> Value)
        async throws(VerificationFault) -> Value
    {
        guard !stop.isAsked else { throw .stopped }
        return try await Verification.storing(body)
    }
}

extension ProofSink {
    fileprivate mutating func add(_ standing: DeliveryStanding) { count(standing, by: 1) }
    fileprivate mutating func remove(_ standing: DeliveryStanding) { count(standing, by: -1) }

    mutating func count(_ standing: DeliveryStanding, by step: Int) {
        switch standing {
        case .acknowledged: acknowledged += step
        case .kernel: kernel += step
        case .pending: pending += step
        case .sent: sent += step
        case .filtered: filtered += step
        case .beforeStart: beforeStart += step
        case .dismissed: dismissed += step
        case .pruned: pruned += step
        case .waiting:
            waiting += step
            unsettled += step
        case .unsettled: unsettled += step
        case .deadLetter: deadLetters += step
        case .doubtful: doubtful += step
        case .lost: lost += step
        }
    }
}
