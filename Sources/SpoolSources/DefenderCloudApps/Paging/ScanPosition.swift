import Foundation
import SpoolCore

/// The position of a scan: `Scan.position`, which the spool keeps between pages and across restarts.
struct ScanPosition: Codable, Equatable, Sendable {
    /// A part of the scan's window.
    struct Segment: Codable, Equatable, Sendable {
        /// The source's `nextQueryFilters` verbatim; nil for the configured filters and the scan's window.
        var filters: String?
        /// Milliseconds, inclusive; nil where the filters' own bound applies.
        var lower: Int64?
        /// Milliseconds, inclusive; nil where the filters' own bound applies.
        var upper: Int64?
    }

    var segment = Segment()
    /// The number of records of the segment that have been read and can be skipped only by an offset.
    var skip = 0
    /// The order that the source has shown so far.
    var evidence: OrderEvidence?
    /// True after a page without an order: from then on the window is only divided.
    var isUnordered = false
    /// The time of the record before the offset.
    var anchor: Int64?
    /// Parts of a divided window that have not been read yet.
    var pending: [Segment] = []
    /// The digest of the last page, to detect the same page.
    var digest: String?
    /// The continuation tokens of the source so far; nil before the first.
    var trail: PlaceTrail?

    init() {}

    /// Parses a position that the spool has kept; nil starts the scan.
    ///
    /// - Throws: `scanLost` if this version cannot parse it.
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

    /// The position at the next part of a divided window; nil at the end of the scan.
    func atNextSegment() -> ScanPosition? {
        guard let first = pending.first else { return nil }
        var next = ScanPosition()
        next.segment = first
        next.pending = Array(pending.dropFirst())
        next.isUnordered = isUnordered
        return next
    }
}
