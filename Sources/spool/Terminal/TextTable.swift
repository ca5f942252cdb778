/// Rows of text in aligned columns; cells are escaped and stay on one line.
struct TextTable {
    private var rows: [[String]]
    private let header: [String]

    init(_ header: [String], _ rows: [[String]] = []) {
        self.header = header.map(\.printable)
        self.rows = rows.map { $0.map(\.printable) }
    }

    mutating func add(_ row: [String]) { rows.append(row.map(\.printable)) }

    /// The table with two spaces between columns; numbers are right-aligned.
    ///
    /// Lines have at most `limit` characters, if there is a limit: the `optional` columns are omitted, one
    /// after the other, until the rest fits.
    func render(within limit: Int? = nil, leavingOut optional: [Int] = []) -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let isNumeric = header.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { $0[column].allSatisfy { $0.isNumber || "-.,".contains($0) } }
        }
        var columns = Array(header.indices)
        for column in optional where columns.reduce(-2, { $0 + widths[$1] + 2 }) > limit ?? .max {
            columns.removeAll { $0 == column }
        }
        return all.map { row in
            let cells = columns.map { column -> String in
                let blank = String(repeating: " ", count: widths[column] - row[column].count)
                return isNumeric[column] ? blank + row[column] : row[column] + blank
            }
            return cells.joined(separator: "  ").trimmingEnd
        }
        .joined(separator: "\n")
    }
}

extension String {
    /// The text without trailing whitespace.
    var trimmingEnd: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
