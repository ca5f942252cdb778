import SpoolCore

extension String {
    /// The text of others on one line, with everything escaped that a terminal acts on.
    var printable: String { PrintableText.escaped(self) }

    /// The same, cut after `limit` characters.
    func printable(limit: Int) -> String { PrintableText.escaped(self, limit: limit) }
}
