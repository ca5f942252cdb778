package import SpoolCore

/// Renders batches of events as lines: in one pass, without `String`s and without allocations per event.
package struct LineRenderer: Sendable {
    package let format: LineFormat
    private let prefix: Prefix
    private let payload: PayloadWriter

    package init(_ format: LineFormat) {
        self.format = format
        prefix = Prefix(format.envelope, isTagged: format.payload == .json)
        payload = PayloadWriter(format.payload)
    }

    /// The number of bytes that `render` needs for a batch.
    ///
    /// It is several times the actual size, because every byte may have to be replaced by three.
    package func capacity(for batch: EventBatch) -> Int {
        BatchView.of(batch) { events in
            (0..<events.count).reduce(0) { $0 + (events[$1].map(bound) ?? 0) }
        }
    }

    /// Writes the lines of a batch one after the other.
    ///
    /// - Precondition: `memory` holds at least `capacity(for:)` bytes.
    package func render(_ batch: EventBatch, into memory: UnsafeMutableRawBufferPointer) -> RenderedBatch {
        var out = ByteWriter(memory)
        var result = RenderedBatch()
        let start = out.next
        BatchView.of(batch) { events in
            for index in 0..<events.count {
                guard let event = events[index] else { continue }
                precondition(out.room >= bound(event), "memory for rendering is smaller than its capacity")
                switch line(of: event, &out) {
                case .whole: break
                case .cut: result.cut.append(index)
                case .tooLarge:
                    result.tooLarge.append(index)
                    continue
                }
                if format.framing == .datagrams { result.ends.append(out.next - start) }
            }
        }
        result.bytes = out.next - start
        return result
    }

    private enum Fit {
        case whole, cut, tooLarge
    }

    @inline(__always)
    private func bound(_ event: EventView) -> Int {
        prefix.bound + payload.bound(event) + FrameWriter.bound + ByteWriter.slack
    }

    @inline(__always)
    private func line(of event: EventView, _ out: inout ByteWriter) -> Fit {
        let frame = FrameWriter(format.framing, &out)
        let start = out.next
        prefix.write(event.occurred, to: &out)
        var isCut = payload.write(event, to: &out)
        if out.next - start > format.maxMessageBytes {
            guard shorten(event, from: start, &out) else {
                frame.cancel(&out)
                return .tooLarge
            }
            isCut = true
        }
        frame.end(&out)
        return isCut ? .cut : .whole
    }

    /// Writes a line again that exceeds the maximum size.
    @inline(never)
    private func shorten(
        _ event: EventView,
        from start: UnsafeMutablePointer<UInt8>,
        _ out: inout ByteWriter
    ) -> Bool {
        let excess = out.next - start - format.maxMessageBytes
        out.rewind(to: start)
        prefix.write(event.occurred, to: &out)
        let room = format.maxMessageBytes - (out.next - start)
        return payload.write(event, shortenedTo: room, losing: excess, to: &out)
    }
}
