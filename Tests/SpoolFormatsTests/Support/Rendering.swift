import Foundation
import SpoolCore
import SpoolFormats
import SpoolReceiver
import SpoolSources
import SpoolTestSupport
import Testing

/// A header without priority and system name, as in most golden lines.
let plainHeader = Envelope.agent(AgentHeader(priority: nil, systemName: false), system: "")

/// Renders events to bytes with a buffer of exactly the requested capacity.
func render(_ batch: EventBatch, _ format: LineFormat) -> (bytes: [UInt8], result: RenderedBatch) {
    let renderer = LineRenderer(format)
    let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: renderer.capacity(for: batch),
        alignment: 1
    )
    defer { memory.deallocate() }
    let result = renderer.render(batch, into: memory)
    return (Array(memory.prefix(result.bytes)), result)
}

func batch(_ events: [Event], raw: [[UInt8]] = []) -> EventBatch {
    var batch = EventBatch(stream: StreamID(1))
    for (index, event) in events.enumerated() {
        batch.append(event, seq: Seq(Int64(index + 1)), raw: index < raw.count ? raw[index] : [])
    }
    return batch
}

/// A batch of one activity whose columns are given as bytes, whether valid UTF-8 or not.
func batch(_ columns: [EventBatch.Column: [UInt8]], kind: EventKind = .activity, severity: Int8 = -1)
    -> EventBatch
{
    var batch = EventBatch(stream: StreamID(1))
    batch.begin(
        seq: 1,
        kind: UInt8(kind.rawValue),
        occurred: 1_738_633_915_000,
        created: 1_738_633_915_000,
        severity: severity
    )
    for column in EventBatch.Column.allCases {
        (columns[column] ?? []).withUnsafeBytes { batch.appendText($0) }
    }
    return batch
}

/// The lines of a batch in the bare envelope; throws when they are not valid UTF-8.
func lines(_ batch: EventBatch, _ profile: CEFProfile = .agent(), limit: Int = 8_192) throws -> [String] {
    let format = LineFormat(
        payload: .cef(profile),
        envelope: .bare,
        framing: .lines,
        maxMessageBytes: limit
    )
    return try split(render(batch, format).bytes)
}

/// A line as a strict receiver parses it; it must not contain any control character.
func parsed(_ line: String) throws -> CEFLine {
    #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    return try CEFParser.parse(line)
}

struct NotUTF8: Error {}

func split(_ bytes: [UInt8]) throws -> [String] {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw NotUTF8() }
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
}

func event(_ kind: EventKind = .activity, _ change: (inout Event) -> Void = { _ in }) -> Event {
    let time = Timestamp(milliseconds: 1_738_633_915_000)
    var event = Event(externalID: "id-1", kind: kind, occurred: time, created: time)
    event.category = kind == .activity ? "EVENT_CATEGORY_LOGIN" : "ALERT_ZOMBIE_USER"
    event.action = "Log on"
    change(&event)
    return event
}

extension SampleFile {
    /// A record of the sample, parsed as the source parses it.
    func event(id: String, kind: EventKind) throws -> Event {
        let answer = try JSONSerialization.jsonObject(with: data())
        let records = (answer as? [String: Any])?["data"] as? [[String: Any]] ?? []
        let record = records.first { ($0["_id"] as? String) == id } ?? [:]
        let bytes = Array(try JSONSerialization.data(withJSONObject: record))
        return RecordParser(kind: kind, date: Timestamp(milliseconds: 0)).event(of: bytes[...])
    }
}
