/// Sizes in bytes as people write them: `20GiB`, `512MiB`, `4096`.
package enum ByteSize {
    private static let units: [(name: String, size: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]
    private static let decimalUnits: [(name: String, size: Int64)] = [
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("KB", 1_000),
    ]

    /// Reads a whole number with or without a unit, binary (`GiB`) or decimal (`GB`); nil for anything else.
    package static func bytes(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        if unit.isEmpty { return count }
        guard let size = (units + decimalUnits).first(where: { $0.name == unit })?.size else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        return overflow ? nil : bytes
    }

    /// Writes a size in its largest binary unit, with one decimal if it is not whole: `20GiB`, `1.5MiB`.
    package static func text(_ bytes: Int64) -> String {
        guard bytes >= 0 else { return "-" + text(bytes == .min ? .max : -bytes) }
        guard let unit = units.first(where: { bytes >= $0.size }) else { return "0B" }
        let whole = bytes / unit.size
        let tenths = bytes % unit.size * 10 / unit.size
        return tenths == 0 ? "\(whole)\(unit.name)" : "\(whole).\(tenths)\(unit.name)"
    }
}

extension ConfigurationNode {
    /// A size in bytes such as `512MiB` or `20GiB`.
    package func byteSize(in range: ClosedRange<Int64>, _ problems: ConfigurationProblems) -> Int64? {
        guard let text = text(problems) else { return nil }
        if let bytes = ByteSize.bytes(text), range.contains(bytes) { return bytes }
        problems.add(
            "expected a size from \(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound)), "
                + "such as `512MiB` or `20GiB`, found `\(text)`",
            at: self
        )
        return nil
    }
}
