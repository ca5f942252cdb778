import SpoolCore
import SpoolPipeline
import Synchronization

/// The bells of all sources and sinks, by which `spool retry` and a reload end their waits.
final class RetryBells: Sendable {
    enum Part: Hashable, Sendable {
        case source(String)
        case sink(SinkName)
    }

    private let bells = Mutex<[Part: RetryBell]>([:])

    /// The bell of a source or sink, always the same one.
    func bell(of part: Part) -> RetryBell {
        bells.withLock { bells in
            let bell = bells[part] ?? RetryBell()
            bells[part] = bell
            return bell
        }
    }

    /// Rings the bells of some parts.
    ///
    /// - Returns: those that were waiting for their next attempt.
    func ring(_ parts: [Part]) -> Set<Part> {
        Set(parts.filter { bell(of: $0).ring() })
    }

    /// Rings all there are, those of replays' own destinations included.
    func ringAll() {
        for bell in bells.withLock({ Array($0.values) }) { bell.ring() }
    }
}
