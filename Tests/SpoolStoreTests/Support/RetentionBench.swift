import SpoolCore
import Testing

@testable import SpoolStore

/// Spools for the tests of retention.
enum RetentionBench {
    /// A spool whose stream has been polled and swept up to `t(1_000_000)`.
    static func make(
        streams: [String] = ["contoso/activities"],
        maxBytes: Int64 = 20 << 30
    ) async throws -> (test: TestSpool, stream: StreamID, sink: SinkID) {
        var options = SpoolOptions.small
        options.maxBytes = maxBytes
        let test = try TestSpool(options: options)
        let registration = try await test.register(streams: streams)
        for stream in registration.streams.values {
            try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        }
        let first = try #require(registration.streams[StreamName(streams[0])!])
        return (test, first, try #require(registration.sinks.values.first))
    }

    static func now(_ stream: StreamID, _ seconds: Int, back: Duration = .zero) -> [StreamID: SourceTime] {
        [stream: SourceTime(date: .t(seconds), sweepsBack: back)]
    }
}
