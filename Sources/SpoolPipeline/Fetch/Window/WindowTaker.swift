package import SpoolCore

/// What becomes of the pages of a window: they are compared, or spooled.
package protocol WindowTaker: Sendable {
    /// Takes a page; what it keeps is durable on return, and its memory may be given back.
    ///
    /// A page may come again: after a restart, and when its scan was lost and began again.
    ///
    /// - Parameters:
    ///   - page: the page, in the order of the scan.
    ///   - scan: the scan as it was before the page.
    ///   - ended: on the scan's last page, what the source's answers prove.
    /// - Throws: what ends the reading.
    /// - Returns: the fetch window it was put down in, for the scan's next page; nil where none is kept.
    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID?

    /// Returns when the next page may be asked for, or when `stop` is asked for.
    func ready(stop: Stop) async throws(StoreError)

    /// A scan cannot go on, and begins again at its first page.
    func abandon(_ scan: Scan) async throws(StoreError)

    /// Called after each page with the place reached, to be kept by whoever wants to go on from there.
    func reached(_ place: WindowPlace) async throws(StoreError)

    /// Told of each fault of the source, and with nil once it answers again.
    func troubled(by fault: SourceFault?) async throws(StoreError)
}

extension WindowTaker {
    package func ready(stop: Stop) async throws(StoreError) {}
    package func abandon(_ scan: Scan) async throws(StoreError) {}
    package func reached(_ place: WindowPlace) async throws(StoreError) {}
    package func troubled(by fault: SourceFault?) async throws(StoreError) {}
}
