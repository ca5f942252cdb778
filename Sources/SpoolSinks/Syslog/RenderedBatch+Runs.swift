import NIOCore
import SpoolCore
import SpoolFormats

extension RenderedBatch {
    /// The outcomes of a batch's events once its lines are delivered.
    ///
    /// Events too large for a message, and messages too large for a datagram, are not sent. They become dead
    /// letters with a local refusal, because the receiver did not refuse them.
    ///
    /// - Parameters:
    ///   - count: The number of events in the batch.
    ///   - evidence: The evidence for the events that were sent.
    ///   - refused: Indices of lines that the network refused for their size.
    ///   - limit: `max_message_bytes`, for the text of the refusal.
    /// - Returns: The outcomes in event order.
    func runs(
        of count: Int,
        delivered evidence: Evidence,
        refusingDatagrams refused: [Int] = [],
        limit: Int
    ) -> [OutcomeRun] {
        guard !tooLarge.isEmpty || !refused.isEmpty else {
            return [OutcomeRun(count: count, outcome: .delivered(evidence))]
        }
        var outcomes = [Outcome](repeating: .delivered(evidence), count: count)
        for index in tooLarge { outcomes[index] = .refused(.tooLong(limit)) }
        let sent = outcomes.indices.filter { outcomes[$0] == .delivered(evidence) }
        for line in refused { outcomes[sent[line]] = .refused(.tooLongForDatagram(limit)) }
        return outcomes.reduce(into: []) { runs, outcome in
            let before = runs.last?.outcome == outcome ? runs.removeLast().count : 0
            runs.append(OutcomeRun(count: before + 1, outcome: outcome))
        }
    }
}

extension Refusal {
    /// Even the parts of the message that are never shortened do not fit.
    static func tooLong(_ limit: Int) -> Refusal {
        Refusal(
            reason: "too-large",
            detail: "spool did not send it: its id, addresses and links alone exceed `max_message_bytes` "
                + "(\(limit) bytes). Raise the limit here and at the receiver, then requeue the dead letter.",
            isLocal: true
        )
    }

    /// The kernel refused the datagram (`EMSGSIZE`).
    static func tooLongForDatagram(_ limit: Int) -> Refusal {
        Refusal(
            reason: "too-large",
            detail: "spool could not send it: the network does not accept a datagram of this size, although "
                + "`max_message_bytes` (\(limit) bytes) allows it. Lower the limit, or use TCP, then requeue "
                + "the dead letter.",
            isLocal: true
        )
    }
}

extension ByteBuffer {
    /// Appends the lines of a batch.
    mutating func render(_ batch: EventBatch, by renderer: LineRenderer) -> RenderedBatch {
        var rendered = RenderedBatch()
        writeWithUnsafeMutableBytes(minimumWritableBytes: renderer.capacity(for: batch)) { memory in
            rendered = renderer.render(batch, into: memory)
            return rendered.bytes
        }
        return rendered
    }
}
