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

/// Detects a cycle of any length in a source's continuation tokens, in the memory of one token.
///
/// Source: Richard P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980, section 2. The
/// token that is compared with is replaced after 1, 2, 4 … steps, so that it is eventually in the cycle and
/// at least one cycle length back. A token that is read again with an offset, because one millisecond fills a
/// page, does not count as a new token.
struct PlaceTrail: Codable, Equatable, Sendable {
    /// The token that is compared with; nil before the first.
    private var mark: String?
    /// The steps since it was set, and the number of steps after which the next one is set.
    private var steps = 0
    private var reach = 1

    /// Adds the next token.
    ///
    /// - Returns: False when it closes a cycle.
    mutating func add(_ place: String) -> Bool {
        let key = ContentHash.hex(place.utf8, digits: 32)
        if key == mark { return false }
        steps += 1
        if steps >= reach || mark == nil { (mark, steps, reach) = (key, 0, reach * 2) }
        return true
    }
}
