/// Proofs stored by earlier versions lack fields that were added since; a missing count is 0.
extension ProofSink {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
        self.init(SinkName(try values.decode(String.self, forKey: .name)))
        delivered = try values.decodeIfPresent(ProofList.self, forKey: .delivered) ?? ProofList()
        acknowledged = try count(.acknowledged)
        kernel = try count(.kernel)
        pending = try count(.pending)
        sent = try count(.sent)
        filtered = try count(.filtered)
        beforeStart = try count(.beforeStart)
        dismissed = try count(.dismissed)
        pruned = try count(.pruned)
        unsettled = try count(.unsettled)
        waiting = try count(.waiting)
        deadLetters = try count(.deadLetters)
        doubtful = try count(.doubtful)
        lost = try count(.lost)
        unrepairable = try count(.unrepairable)
        replays = try values.decodeIfPresent([ReplayID].self, forKey: .replays) ?? []
    }
}

extension ProofStream {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
        name = try values.decode(String.self, forKey: .name)
        basis = try values.decode(String.self, forKey: .basis)
        filterHash = try values.decodeIfPresent(String.self, forKey: .filterHash) ?? ""
        compared = try values.decodeIfPresent(TimeWindow.self, forKey: .compared)
        tooEarlyFrom = try values.decodeIfPresent(Timestamp.self, forKey: .tooEarlyFrom)
        start = try values.decodeIfPresent(Timestamp.self, forKey: .start)
        events = try count(.events)
        source = try values.decodeIfPresent(ProofList.self, forKey: .source) ?? ProofList()
        spool = try values.decodeIfPresent(ProofList.self, forKey: .spool) ?? ProofList()
        neverFetched = try count(.neverFetched)
        fetched = try count(.fetched)
        noLongerProvable = try count(.noLongerProvable)
        pruned = try count(.pruned)
        gone = try count(.gone)
        unreadable = try count(.unreadable)
        unproved = try values.decodeIfPresent([TimeWindow].self, forKey: .unproved) ?? []
        sinks = try values.decodeIfPresent([ProofSink].self, forKey: .sinks) ?? []
        notTaken = try values.decodeIfPresent([String].self, forKey: .notTaken) ?? []
        mending = try values.decodeIfPresent(Bool.self, forKey: .mending)
    }
}
