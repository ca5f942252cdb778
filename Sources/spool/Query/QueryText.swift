import SpoolCore
import SpoolStore

/// Renders the values of a result in each format.
enum QueryText {
    /// A table cell, which the table escapes: NULL is empty, bytes are hexadecimal.
    static func cell(_ value: QueryValue) -> String {
        switch value {
        case .null: ""
        case .integer(let number): String(number)
        case .real(let number): text(number)
        case .text(let text): text
        case .malformed(let bytes): String(decoding: bytes, as: UTF8.self)
        case .blob(let bytes): hexadecimal(bytes)
        }
    }

    /// A CSV record (RFC 4180) with its line end; texts are byte for byte as in the spool.
    static func csv(_ row: [QueryValue]) -> [UInt8] {
        var record: [UInt8] = []
        for (index, value) in row.enumerated() {
            if index > 0 { record.append(UInt8(ascii: ",")) }
            let bytes = if case .malformed(let bytes) = value { bytes } else { Array(cell(value).utf8) }
            // Bytes instead of characters: Swift treats CR LF as one character that equals neither.
            let needsQuotes = bytes.contains { "\",\r\n".utf8.contains($0) }
            guard needsQuotes else {
                record += bytes
                continue
            }
            record.append(UInt8(ascii: "\""))
            for byte in bytes {
                if byte == UInt8(ascii: "\"") { record.append(byte) }
                record.append(byte)
            }
            record.append(UInt8(ascii: "\""))
        }
        // Most readers skip empty lines instead of reading them as records.
        if record.isEmpty, row.count == 1 { record = Array("\"\"".utf8) }
        return record + [UInt8(ascii: "\n")]
    }

    /// A row as one JSON object.
    ///
    /// Infinities do not exist in JSON and are written as the strings `Infinity` and `-Infinity`.
    static func json(_ columns: [String], _ row: [QueryValue]) -> String {
        let pairs = zip(columns, row).map { "\(string($0)):\(json($1))" }
        return PrintableText.escapedJSON("{\(pairs.joined(separator: ","))}")
    }

    /// Makes names unique by appending a number to repeated ones: `id`, `id_2`.
    static func distinct(_ names: [String]) -> [String] {
        var taken = Set(names)
        var seen: Set<String> = []
        return names.map { name in
            if seen.insert(name).inserted { return name }
            var number = 2
            while !taken.insert("\(name)_\(number)").inserted { number += 1 }
            return "\(name)_\(number)"
        }
    }

    private static func json(_ value: QueryValue) -> String {
        switch value {
        case .null: "null"
        case .real(let number) where !number.isFinite: string(text(number))
        case .integer, .real: cell(value)
        case .text, .malformed, .blob: string(cell(value))
        }
    }

    private static func text(_ number: Double) -> String {
        number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : String(number)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
