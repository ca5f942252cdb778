import Synchronization

/// The configuration that runs now: a reload replaces it.
final class CurrentComposition: Sendable {
    private let state: Mutex<Composition>

    init(_ composition: Composition) { state = Mutex(composition) }

    var value: Composition { state.withLock { $0 } }

    func replace(by composition: Composition) { state.withLock { $0 = composition } }
}
