package import SpoolCore

/// A stream with its source, both as currently configured, and the request gate of its tenant.
package struct SourceAccess: Sendable {
    package let source: any Source
    package let stream: SourceStream
    package let id: StreamID
    package let gate: RequestGate

    package init(source: any Source, stream: SourceStream, id: StreamID, gate: RequestGate) {
        self.source = source
        self.stream = stream
        self.id = id
        self.gate = gate
    }
}

/// Why a window was not read completely.
package enum WindowFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The source did not answer within the timeout, or only a settings change can fix the fault.
    case source(SourceFault)
    case store(StoreError)
    /// The stream is no longer configured, or its filters have changed since the start.
    case changed(StreamName)

    package var description: String {
        switch self {
        case .source(let fault): fault.description
        case .store(let error): error.description
        case .changed(let stream):
            "the stream \(stream) is not configured, or its filters have changed; start over"
        }
    }
}
