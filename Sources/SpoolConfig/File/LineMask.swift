/// Removes secrets from a line of the configuration file before it is shown.
///
/// Secrets do not belong in the file, but some files contain them, and the error message is written to the
/// journal.
enum LineMask {
    private static let secretKeys = [
        "token", "secret", "password", "passphrase", "authorization", "credential",
    ]
    private static let references = ["file:", "credential:", "${"]

    /// The line with `…` in place of what is or may be a secret.
    static func masked(_ line: String) -> String {
        guard let value = secretValue(in: line) else { return maskRuns(maskUserInfo(line)) }
        // Inside `{ token: …, x: y }` more keys may follow; they are removed as well.
        return line[..<value] + "…"
    }

    /// The start of the first value that follows a secret's key and is not a reference.
    private static func secretValue(in line: String) -> String.Index? {
        for colon in line.indices where line[colon] == ":" {
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            let word = lastWord(of: line[..<colon])
            let isReference = references.contains { value.drop { "\"'".contains($0) }.hasPrefix($0) }
            // The colon in `credential:NAME` belongs to a reference.
            let isWithin =
                word == "credential" && !value.isEmpty && line.index(after: colon) == value.startIndex
            if isSecretKey(word), !isReference, !isWithin, !value.isEmpty { return value.startIndex }
        }
        return nil
    }

    private static func lastWord(of text: Substring) -> String {
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        return words.last?.lowercased() ?? ""
    }

    /// True when a key names a secret, or is a misspelling of such a word.
    private static func isSecretKey(_ key: String) -> Bool {
        secretKeys.contains { key.contains($0) || isAnagram(key, $0) }
    }

    /// Transposed letters, such as `tokne` for `token`.
    private static func isAnagram(_ left: String, _ right: String) -> Bool {
        left.count == right.count && left.sorted() == right.sorted()
    }

    /// `http://user:password@proxy:3128` becomes `http://…@proxy:3128`.
    private static func maskUserInfo(_ line: String) -> String {
        guard let scheme = line.firstRange(of: "://") else { return line }
        let rest = line[scheme.upperBound...]
        let authority = rest.prefix { !$0.isWhitespace && $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return line }
        return line[..<scheme.upperBound] + "…" + line[at...]
    }

    /// Masks long runs of letters and digits, which may be tokens; paths and addresses are kept.
    private static func maskRuns(_ line: String) -> String {
        var result = ""
        for run in line.split(omittingEmptySubsequences: false, whereSeparator: { " \t\"'".contains($0) }) {
            if !result.isEmpty || run.startIndex != line.startIndex {
                result.append(line[line.index(before: run.startIndex)])
            }
            result += isTokenLike(run) ? "…" : String(run)
        }
        return result
    }

    private static func isTokenLike(_ run: Substring) -> Bool {
        run.count >= 32 && run.contains(where: \.isNumber) && run.contains(where: \.isLetter)
            && !run.contains("://") && !run.hasPrefix("/") && !run.hasPrefix("file:")
    }
}
