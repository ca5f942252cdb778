package import SpoolCore

/// A stream with its source as they are configured now, and the requests its tenant allows.
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

/// Why a window was not read to its end.
package enum WindowFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The source did not answer for longer than it was to be waited for, or only another setting helps.
    case source(SourceFault)
    case store(StoreError)
    /// The stream is not configured any more, or with other filters than the reading began with.
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
