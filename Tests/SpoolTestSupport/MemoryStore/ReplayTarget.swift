import SpoolCore

/// Where a replay goes, and what it may send of each stream.
struct ReplayTarget: Sendable {
    struct Part: Sendable {
        let stream: StreamID
        let name: StreamName
        /// The last event it may send.
        let last: Seq
    }

    /// Nil for an ad-hoc destination.
    let sink: SinkID?
    let parts: [Part]
}

/// What a replay has to send of one stream.
struct ReplayPlan: Sendable {
    let estimate: ReplayEstimate
    let stream: Replay.Stream
}

extension MemoryStore.Tables {
    func target(_ request: ReplayRequest) -> Result<ReplayTarget, StoreError> {
        func refuse(_ text: String) -> Result<ReplayTarget, StoreError> {
            .failure(StoreError(.invalid, text))
        }
        guard request.from < request.to else { return refuse("an empty window") }
        let isAdHoc = request.destination != nil
        if isAdHoc, request.missingOnly { return refuse("no ledger of an ad-hoc destination") }
        let sink = sinks[request.sink]
        guard isAdHoc || sink != nil else { return refuse("no such sink") }
        let parts =
            isAdHoc
            ? names.map { ReplayTarget.Part(stream: $0, name: $1, last: lastSeq(of: $0)) }
            : subscriptions.values.filter { $0.sink == sink }.map(\.subscription)
                .map { ReplayTarget.Part(stream: $0.stream, name: $0.name, last: $0.watermark) }
        let wanted = parts.filter { request.streams?.contains($0.name) ?? ($0.name != .notifications) }
        let missing = (request.streams ?? []).filter { name in !wanted.contains { $0.name == name } }
        guard missing.isEmpty, !wanted.isEmpty else { return refuse("no such stream") }
        return .success(
            ReplayTarget(sink: isAdHoc ? nil : sink, parts: wanted.sorted { $0.stream < $1.stream })
        )
    }

    private func lastSeq(of stream: StreamID) -> Seq { events.last { $0.stream == stream }?.seq ?? Seq(0) }

    func plan(_ request: ReplayRequest, _ sink: SinkID?, _ part: ReplayTarget.Part) -> ReplayPlan {
        var estimate = ReplayEstimate()
        var first: Seq?
        for spooled in events where spooled.stream == part.stream && request.contains(spooled.event) {
            guard spooled.seq <= part.last else {
                estimate.stillToComeLive += 1
                continue
            }
            estimate.inWindow += 1
            switch sink.flatMap({ standing(of: spooled, at: $0) }) {
            case .acknowledged: estimate.acknowledged += 1
            case .kernel: estimate.kernel += 1
            case .sent: estimate.sent += 1
            case .doubtful: estimate.doubtful += 1
            case nil: break
            }
            if let sink, deadLetters[sink]?.contains(spooled.seq) == true { estimate.deadLetters += 1 }
            guard isMeant(spooled, by: request, sink) else { continue }
            estimate.toSend += 1
            first = first ?? spooled.seq
        }
        let stream = Replay.Stream(
            stream: part.stream,
            name: part.name,
            last: part.last,
            position: first.map { Seq($0.value - 1) } ?? part.last
        )
        return ReplayPlan(estimate: estimate, stream: stream)
    }

    /// True when a replay sends an event of one of its streams.
    func isMeant(_ spooled: MemoryStore.Spooled, by request: ReplayRequest, _ sink: SinkID?) -> Bool {
        guard request.contains(spooled.event) else { return false }
        guard request.missingOnly, let sink else { return true }
        let standing = standing(of: spooled, at: sink)
        return standing == nil || standing == .doubtful
    }

    /// What the ledger shows of an event, in the order of its strength.
    private enum DeliveryStanding: Int {
        case acknowledged, kernel, sent, doubtful
    }

    private func standing(of spooled: MemoryStore.Spooled, at sink: SinkID) -> DeliveryStanding? {
        let rows = ledger.lazy.filter { $0.sink == sink && $0.entry.stream == spooled.stream }.map(\.entry)
        return rows.filter { $0.first <= spooled.seq && spooled.seq <= $0.last }
            .compactMap(standing).min { $0.rawValue < $1.rawValue }
    }

    private func standing(_ row: LedgerEntry) -> DeliveryStanding? {
        switch row.outcome {
        case .already, .delivered(.acknowledged): return .acknowledged
        case .delivered(.sent): return .sent
        case .filtered, .refused, .retry: return nil
        case .delivered(.kernel):
            let index = row.connection.map { Int($0.value) - 1 } ?? -1
            guard connections.indices.contains(index) else { return .doubtful }
            let connection = connections[index]
            let isWithinReach = row.position + connection.doubtBytes > connection.settled
            return connection.clean == false && isWithinReach ? .doubtful : .kernel
        }
    }
}

extension ReplayRequest {
    fileprivate func contains(_ event: Event) -> Bool {
        (from..<to).contains(basis == .occurred ? event.occurred : event.created)
    }
}

extension ReplayEstimate {
    mutating func add(_ other: Self) {
        inWindow += other.inWindow
        toSend += other.toSend
        acknowledged += other.acknowledged
        kernel += other.kernel
        sent += other.sent
        doubtful += other.doubtful
        deadLetters += other.deadLetters
        stillToComeLive += other.stillToComeLive
    }
}
