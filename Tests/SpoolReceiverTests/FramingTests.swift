import NIOCore
import Testing

@testable import SpoolReceiver

@Suite("Framing")
struct FramingTests {
    private static let stream =
        "<13>first\n8 <14>oct\n<15>third|a=1\n\n13 <16>zweite ü<17>last\n5 12345" + "9 lines\nin\n<18>end\n"
    private static let expected = [
        "<13>first", "<14>oct\n", "<15>third|a=1", "", "<16>zweite ü", "<17>last", "12345", "lines\nin\n",
        "<18>end",
    ]

    private func read(_ text: String, pieces: Int, limit: Int = 1000) -> [FrameReader.Event] {
        var reader = FrameReader(limit: limit)
        var events: [FrameReader.Event] = []
        var rest = ByteBuffer(string: text)
        while rest.readableBytes > 0 {
            var piece = rest.readSlice(length: min(pieces, rest.readableBytes))!
            reader.append(&piece)
            while let event = reader.next() { events.append(event) }
        }
        return events
    }

    private func texts(_ events: [FrameReader.Event]) -> [String] {
        events.compactMap { if case .message(let bytes, _) = $0 { String(buffer: bytes) } else { nil } }
    }

    @Test(
        "is detected for each message, however reads split the stream",
        arguments: [1, 2, 3, 5, 7, 11, 1000]
    )
    func detection(pieces: Int) {
        #expect(texts(read(Self.stream, pieces: pieces)) == Self.expected)
    }

    @Test("reads an invalid octet count as a line", arguments: [1, 1000])
    func badCount(pieces: Int) {
        let events = read("12x no count\n123456789012 too long\n3 abc", pieces: pieces)

        #expect(events.filter { $0 == .badCount }.count == 2)
        #expect(texts(events) == ["12x no count", "123456789012 too long", "abc"])
    }

    @Test("skips messages that are too long and continues after them", arguments: [1, 4, 1000])
    func tooLong(pieces: Int) {
        let line = String(repeating: "x", count: 30)

        let events = read("<1>ok\n\(line)\n30 \(line)<2>ok\n\(line)\n3 <3>", pieces: pieces, limit: 10)

        #expect(events.filter { $0 == .tooLong }.count == 3)
        #expect(texts(events) == ["<1>ok", "<2>ok", "<3>"])
    }

    @Test(
        "finds the id that begins an extension or follows a space, and no other",
        arguments: [
            ("CEF:0|a|b|c|d|e|0|externalId=abc_1-2 start=1", "abc_1-2"),
            ("CEF:0|a|b|c|d|e|0|start=1 externalId=abc", "abc"), ("externalId=x", "x"),
            ("CEF:0|a|b|c|d|e|0|myexternalId=no externalId=yes z=1", "yes"), ("no id at all", nil), ("", nil),
        ]
    )
    func externalID(line: String, id: String?) {
        #expect(ExternalID.find(in: ByteBuffer(string: line)) == id)
    }
}
