import Crypto

/// Short hashes of contents: filters, pages and records without an id.
enum ContentHash {
    /// The first `digits` hexadecimal digits of the SHA-256 of `bytes`.
    static func hex(_ bytes: some Sequence<UInt8>, digits: Int) -> String {
        var hash = SHA256()
        hash.update(data: Array(bytes))
        let alphabet = Array("0123456789abcdef")
        var text = ""
        for byte in hash.finalize().prefix((digits + 1) / 2) {
            text.append(alphabet[Int(byte >> 4)])
            text.append(alphabet[Int(byte & 15)])
        }
        return String(text.prefix(digits))
    }
}
