import SpoolCore

extension String {
    /// External text on one line, with all control characters escaped.
    var printable: String { PrintableText.escaped(self) }

    /// The same, truncated after `limit` characters.
    func printable(limit: Int) -> String { PrintableText.escaped(self, limit: limit) }
}
