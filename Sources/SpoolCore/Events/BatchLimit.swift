/// The maximum size of a batch; at least one event always fits.
package struct BatchLimit: Sendable, Equatable {
    package var events: Int
    /// Bytes of the text columns.
    package var bytes: Int

    package init(events: Int = 1_000, bytes: Int = 1 << 20) {
        self.events = events
        self.bytes = bytes
    }
}
