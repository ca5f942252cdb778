import Foundation
import SpoolCore
import SpoolFormats
import SpoolNetwork
import Testing

@testable import SpoolSinks

/// Long enough that nothing settles by it within a test.
let endlessGrace = Duration.seconds(3_600)

func event(_ number: Int, message: String = "Log on") -> Event {
    let time = Timestamp(milliseconds: 1_738_633_915_000)
    var event = Event(externalID: "id-\(number)", kind: .activity, occurred: time, created: time)
    event.category = "EVENT_CATEGORY_LOGIN"
    event.action = "Log on"
    event.message = message
    return event
}

func batch(_ numbers: ClosedRange<Int>, message: String = "Log on") -> EventBatch {
    var batch = EventBatch(stream: StreamID(1))
    for number in numbers { batch.append(event(number, message: message), seq: Seq(Int64(number))) }
    return batch
}

let lineFormat = LineFormat(
    payload: .cef(.agent()),
    envelope: .agent(AgentHeader(), system: "host-1"),
    framing: .lines
)

/// The bytes of a batch on the wire.
func bytes(_ batch: EventBatch, _ format: LineFormat = lineFormat) -> [UInt8] {
    let renderer = LineRenderer(format)
    return Array(unsafeUninitializedCapacity: renderer.capacity(for: batch)) { memory, count in
        count = renderer.render(batch, into: UnsafeMutableRawBufferPointer(memory)).bytes
    }
}

func sink(
    _ port: Int,
    host: String = "127.0.0.1",
    _ transport: SyslogSettings.Transport = .tcp,
    tls: TLSSettings = TLSSettings(),
    format: LineFormat = lineFormat,
    grace: Duration = endlessGrace
) -> SyslogSink {
    SyslogSink(
        name: SinkName("siem"),
        settings: SyslogSettings(
            endpoint: Endpoint(host: host, port: port),
            transport: transport,
            tls: tls,
            format: format
        ),
        grace: grace
    )
}

/// All settlements of a session.
struct Story: Sendable {
    var settled: [SettledBatch] = []
    var fault: SinkFault?
    var isFinished = false

    /// Reads a session's settlements until it ends.
    init(of session: any SinkSession) async {
        for await settlement in session.settlements {
            switch settlement {
            case .settled(let batches): settled += batches
            case .ended(let fault): self.fault = fault
            case .finished: isFinished = true
            case .refusedWhole: Issue.record("a stream of lines refuses nothing")
            }
        }
    }

    var numbers: [Int] { settled.map(\.batch) }
}

/// The first settled batches, at least this many.
func firstSettled(_ count: Int, of session: any SinkSession) async -> [SettledBatch] {
    var settled: [SettledBatch] = []
    for await settlement in session.settlements {
        if case .settled(let batches) = settlement { settled += batches }
        if settled.count >= count { break }
    }
    return settled
}

/// The fault that a closure throws.
func fault(_ body: () async throws(SinkFault) -> Void) async -> SinkFault? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}
