/// How large the portal's pages may be.
///
/// A limit beyond is no error; the page is just smaller.
package struct PageLimits: Sendable {
    /// Most records of an activities page without scan.
    package var list = 100
    /// Fewest records that a scan's limit can ask for.
    package var scanMinimum = 500
    /// Most records of a scan's page.
    package var scanMaximum = 5000
    /// Most records of an alerts page, answered as `max`.
    package var alerts = 100
    /// How far `skip` plus `limit` reach.
    package var skip = 5000

    /// The published limits.
    package init() {}

    /// Scan pages from one record on, so that a test gets many pages from few records.
    package static var small: PageLimits {
        var limits = PageLimits()
        limits.scanMinimum = 1
        return limits
    }

    func limit(asked: Int64?, stream: PortalStream, isScan: Bool) -> Int {
        let asked = asked.map { Int(clamping: $0) }.flatMap { $0 > 0 ? $0 : nil }
        if isScan { return min(max(asked ?? 500, scanMinimum), scanMaximum) }
        return min(asked ?? 100, stream == .activities ? list : alerts)
    }
}
