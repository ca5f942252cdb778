import NIOCore
import SpoolCore
import SpoolFormats

extension RenderedBatch {
    /// What became of the events of a batch once its lines are delivered.
    ///
    /// Events too large for a line, and lines too large for a datagram, were not sent and never will be.
    ///
    /// - Parameters:
    ///   - count: How many events the batch holds.
    ///   - evidence: What is known of those that were sent.
    ///   - refused: Indices of lines that the network refused for their size.
    ///   - limit: The limit of a line, for the refusal's text.
    /// - Returns: The outcomes in event order.
    func runs(
        of count: Int,
        delivered evidence: Evidence,
        refusingDatagrams refused: [Int] = [],
        limit: Int
    ) -> [OutcomeRun] {
        var isRefused = [Bool](repeating: false, count: tooLarge.isEmpty && refused.isEmpty ? 0 : count)
        guard !isRefused.isEmpty else { return [OutcomeRun(count: count, outcome: .delivered(evidence))] }
        for index in tooLarge { isRefused[index] = true }
        let lines = isRefused.indices.filter { !isRefused[$0] }
        for line in refused { isRefused[lines[line]] = true }
        let refusal = Outcome.refused(
            Refusal(
                reason: "too-large",
                detail: "the line does not fit \(limit) bytes or a datagram even with its texts cut"
            )
        )
        return isRefused.reduce(into: []) { runs, isRefused in
            let outcome = isRefused ? refusal : .delivered(evidence)
            let before = runs.last?.outcome == outcome ? runs.removeLast().count : 0
            runs.append(OutcomeRun(count: before + 1, outcome: outcome))
        }
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
