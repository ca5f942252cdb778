/// What rendering a batch has come to.
package struct RenderedBatch: Sendable, Equatable {
    /// Bytes written, framing included.
    package var bytes = 0
    /// Indices of events whose line does not have all of the event: texts were cut, or members left out, to keep
    /// the limit of the message or of a CEF value.
    package var cut: [Int] = []
    /// Indices of events of which not even the parts that may not be cut fit the limit; nothing was written
    /// for them.
    package var tooLarge: [Int] = []
    /// Where each datagram ends, with `Framing.datagrams`; without the events that are too large.
    package var ends: [Int] = []

    package init() {}
}
