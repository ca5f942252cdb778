/// A page as it came, whole and cut into records, before anything has read them.
package protocol SourceAnswer: Sendable {
    /// A key of each record in the answer's order, made of its content: the same whenever it comes.
    var keys: [String] { get }

    /// Reads one record and throws the result away: what would trap in `page` traps here, alone.
    func rehearse(_ index: Int)

    /// Reads it; the records of these indices are left unread and kept as unreadable ones.
    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page
}

extension Source {
    /// Reads the next page of a scan at once.
    package func page(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault) -> Page {
        try await answer(of: stream, scan: scan, limit: limit).page(leaving: [])
    }
}
