extension Proof {
    /// Ends it early, and records why, what was done, and what was not.
    package mutating func end(_ state: State, cause: String, at now: Timestamp) {
        self.state = state
        finished = now
        step = nil
        error = ([Sentence.ended(cause)] + rest).joined(separator: " ")
    }

    /// Ends a proof that is stored as running and whose process has ended.
    package mutating func endLeft(at now: Timestamp) {
        end(.stopped, cause: "the process that ran it exited or was killed", at: now)
    }

    /// The streams that were to be compared and were not.
    package var uncompared: [String] {
        (planned ?? []).filter { name in !streams.contains { $0.name == name } }
    }

    /// The streams whose repair has started and not finished.
    package var unmended: [String] { streams.filter { $0.mending == true }.map(\.name) }

    private var rest: [String] {
        guard planned != nil else { return ["It had not started."] }
        var parts: [String] = []
        if !uncompared.isEmpty { parts.append("Not compared: \(uncompared.joined(separator: ", ")).") }
        guard request.repair != .none else { return parts }
        let unmended = unmended
        if !unmended.isEmpty {
            parts.append(
                "Repair not finished: \(unmended.joined(separator: ", ")); what was repaired is kept."
            )
        }
        if reason == .command, !unmended.isEmpty || !uncompared.isEmpty {
            parts.append("Run the same command again to recover what is still missing.")
        }
        return parts
    }
}
