package import SpoolCore

/// Processes the pages of a window, for example by comparing or spooling them.
package protocol WindowTaker: Sendable {
    /// Takes a page; what it stores is durable on return, and the page's memory may be freed.
    ///
    /// A page may be passed again after a restart, and after its scan was lost and restarted.
    ///
    /// - Parameters:
    ///   - page: the page, in the order of the scan.
    ///   - scan: the scan as it was before the page.
    ///   - ended: on the scan's last page, what the source's answers prove.
    /// - Throws: an error that ends the reading.
    /// - Returns: the fetch window in which it was recorded, for the scan's next page; nil if none is
    ///   recorded.
    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID?

    /// Returns when the next page may be requested, or when `stop` is requested.
    func ready(stop: Stop) async throws(StoreError)

    /// The scan cannot be continued, and restarts at its first page.
    func abandon(_ scan: Scan) async throws(StoreError)

    /// Called after each page with the place reached; a taker that continues after a restart stores it.
    func reached(_ place: WindowPlace) async throws(StoreError)

    /// Called with each fault of the source, and with nil once the source answers again.
    func troubled(by fault: SourceFault?) async throws(StoreError)
}

extension WindowTaker {
    package func ready(stop: Stop) async throws(StoreError) {}
    package func abandon(_ scan: Scan) async throws(StoreError) {}
    package func reached(_ place: WindowPlace) async throws(StoreError) {}
    package func troubled(by fault: SourceFault?) async throws(StoreError) {}
}
