import SpoolCore
import SpoolPipeline
import Synchronization

/// The bells of all sources and sinks; `spool retry` and a reload ring them to end waits for an attempt.
final class RetryBells: Sendable {
    enum Part: Hashable, Sendable {
        case source(String)
        case sink(SinkName)
    }

    private let bells = Mutex<[Part: RetryBell]>([:])

    /// The bell of a source or sink; the same one for every call.
    func bell(of part: Part) -> RetryBell {
        bells.withLock { bells in
            let bell = bells[part] ?? RetryBell()
            bells[part] = bell
            return bell
        }
    }

    /// Rings the bells of some parts.
    ///
    /// - Returns: the parts that were waiting for their next attempt.
    func ring(_ parts: [Part]) -> Set<Part> {
        Set(parts.filter { bell(of: $0).ring() })
    }

    /// Rings all bells, including those of replays' ad-hoc destinations.
    func ringAll() {
        for bell in bells.withLock({ Array($0.values) }) { bell.ring() }
    }
}
