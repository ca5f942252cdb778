import Foundation
import SpoolCore

/// Where a scan goes on: `Scan.position`, which the spool keeps between pages and over restarts.
struct ScanPosition: Codable, Equatable, Sendable {
    /// A part of the scan's window.
    struct Segment: Codable, Equatable, Sendable {
        /// The source's `nextQueryFilters`, verbatim; nil for the configured filters and the scan's window.
        var filters: String?
        /// Milliseconds, inclusive; nil where the filters' own bound counts.
        var lower: Int64?
        /// Milliseconds, inclusive; nil where the filters' own bound counts.
        var upper: Int64?
    }

    var segment = Segment()
    /// Records of the segment that have been read already, where only an offset can pass them.
    var skip = 0
    /// The order the source has shown so far.
    var evidence: OrderEvidence?
    /// True once a page came in no order: from then on only division counts.
    var isUnordered = false
    /// The time of the record before the offset.
    var anchor: Int64?
    /// Parts of the window still to be read, when it had to be divided.
    var pending: [Segment] = []
    /// What the last page held, to find out when it comes again.
    var digest: String?
    /// The places that the source has named so far; nil before the first.
    var trail: PlaceTrail?

    init() {}

    /// Reads what the spool has kept; nil begins the scan.
    ///
    /// - Throws: `scanLost` for what this version cannot read.
    init(_ text: String?) throws(SourceFault) {
        guard let text else { return }
        guard let position = try? JSONDecoder().decode(ScanPosition.self, from: Data(text.utf8)) else {
            throw SourceFault(
                .scanLost,
                "the spool contains a scan position that this version cannot read; the scan starts over"
            )
        }
        self = position
    }

    func text() throws(SourceFault) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw SourceFault(.scanLost, "a scan position cannot be encoded; the scan starts over")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The position at the next part of a divided window; nil at the scan's end.
    func atNextSegment() -> ScanPosition? {
        guard let first = pending.first else { return nil }
        var next = ScanPosition()
        next.segment = first
        next.pending = Array(pending.dropFirst())
        next.isUnordered = isUnordered
        return next
    }
}
