import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolSources

/// The sample responses, decoded as pages are.
struct Samples {
    static let date = Timestamp(milliseconds: 1_738_700_000_000)

    let body: [UInt8]
    let events: [Event]

    init(_ kind: EventKind) throws {
        body = Array(try (kind == .activity ? SampleFile.activities : .alerts).data())
        events = try PageParser(ListAnswer(body, kind: kind, date: Self.date)).records().map(\.event)
    }

    /// The event whose id has this prefix.
    func event(_ prefix: String) throws -> Event {
        try #require(events.first { $0.externalID.hasPrefix(prefix) })
    }

    /// A line as the retired agent sent it, 1-based.
    static func golden(_ number: Int) throws -> GoldenLine {
        try GoldenLine(SampleFile.goldenLines.lines()[number - 1])
    }
}

/// The header fields and extensions of a golden line.
struct GoldenLine {
    let header: [String]
    let extensions: [String: String]

    init(_ line: String) throws {
        let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        header = Array(fields.prefix(7))
        var text = fields.dropFirst(7).joined(separator: "|")
        text = text.replacing(#"\="#, with: "\u{1}").replacing("activity.id=eq", with: "activity.id\u{1}eq")
        var extensions: [String: String] = [:]
        // A value ends where a space and the next key begin.
        let pairs = text.matches(of: /(?:^| )([A-Za-z0-9]+)=/)
        for (index, pair) in pairs.enumerated() {
            let end: String.Index =
                index + 1 < pairs.count ? pairs[index + 1].range.lowerBound : text.endIndex
            let value = String(text[pair.range.upperBound..<end])
            extensions[String(pair.output.1)] = value.replacing("\u{1}", with: "=")
        }
        self.extensions = extensions
    }

    subscript(key: String) -> String? { extensions[key] }
}
