/// The result of rendering a batch.
package struct RenderedBatch: Sendable, Equatable {
    /// Bytes written, framing included.
    package var bytes = 0
    /// Indices of events whose line is incomplete: texts were cut, or members left out, because of the limit
    /// of the message or of a CEF value.
    package var cut: [Int] = []
    /// Indices of events of which not even the parts that may not be cut fit the limit; nothing was written
    /// for them.
    package var tooLarge: [Int] = []
    /// The end of each datagram, with `Framing.datagrams`; without the events that are too large.
    package var ends: [Int] = []

    package init() {}
}
