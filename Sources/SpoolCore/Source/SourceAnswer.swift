/// A page as it arrived, complete and split into records, but not parsed.
package protocol SourceAnswer: Sendable {
    /// A key for each record in the answer's order, derived from its content: the same whenever the record
    /// arrives.
    var keys: [String] { get }

    /// Parses one record and discards the result: a record that crashes `page` crashes here, alone.
    func rehearse(_ index: Int)

    /// Parses the page; the records with these indices are not parsed and are kept as unreadable ones.
    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page
}

extension Source {
    /// Reads the next page of a scan and parses all its records.
    package func page(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault) -> Page {
        try await answer(of: stream, scan: scan, limit: limit).page(leaving: [])
    }
}
