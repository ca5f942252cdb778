import SpoolCore
import SpoolSimulator
import SpoolTestSupport

extension Simulator {
    /// Inserts small records, evenly from `begin` on; one in `everyLate` appears late, by up to `lateBy`.
    func fill(
        _ stream: PortalStream = .activities,
        perSecond rate: Double,
        from begin: Timestamp,
        for duration: Duration,
        everyLate: Int = 20,
        lateBy: Duration = .zero,
        seed: UInt64 = 1
    ) {
        var random = SeededGenerator(seed: seed)
        let count = Int(rate * Double(duration.milliseconds) / 1_000)
        let records = (0..<count).map { index in
            let created = begin.milliseconds + Int64(Double(index) * 1_000 / rate)
            let isLate = index % everyLate == 0 && lateBy > .zero
            let delay = isLate ? Int64.random(in: 1...lateBy.milliseconds, using: &random) : 0
            return SimulatedRecord(
                id: "\(stream.rawValue)-\(seed)-\(index)",
                created: created,
                visibleAt: created + delay
            )
        }
        insert(records, into: stream)
    }
}
