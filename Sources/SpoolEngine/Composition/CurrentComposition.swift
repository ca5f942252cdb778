import Synchronization

/// The configuration in effect; a reload replaces it.
package final class CurrentComposition: Sendable {
    private let state: Mutex<Composition>

    package init(_ composition: Composition) { state = Mutex(composition) }

    package var value: Composition { state.withLock { $0 } }

    package func replace(by composition: Composition) { state.withLock { $0 = composition } }
}
