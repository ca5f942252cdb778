import Dispatch
import Foundation
import SpoolCore
import SpoolStore
import Synchronization

/// Buffers the output of a query until it is read.
///
/// While a query runs, its transaction prevents the write-ahead log of the spool from being reset. So the
/// query waits for a slow reader only if the buffer is full, and only as long as the reader makes progress.
final class QueryOutput: Sendable {
    /// Maximum number of buffered bytes; a single row may be larger.
    static let limit = 64 << 20
    /// If the buffer is full and nothing is read for this long, the query ends.
    static let timeout = Duration.seconds(60)

    private struct State {
        var queue: [[UInt8]] = []
        var bytes = 0
        /// No output follows.
        var isEnded = false
        var isStalled = false
        /// A write has failed: the rest is dropped.
        var isBroken = false
    }

    private let limit: Int
    private let timeout: Duration
    private let write: @Sendable ([UInt8]) -> Bool
    private let state = Mutex(State())
    /// Signalled for every addition, and at the end.
    private let added = DispatchSemaphore(value: 0)
    /// Signalled for every completed write.
    private let written = DispatchSemaphore(value: 0)
    private let ended = ChangeSignal()

    /// `write` blocks until the reader accepts the bytes, on a separate thread; it returns false if nothing
    /// more can be written.
    init(
        limit: Int = QueryOutput.limit,
        timeout: Duration = QueryOutput.timeout,
        write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        (self.limit, self.timeout, self.write) = (limit, timeout, write)
        Thread.detachNewThread { [self] in run() }
    }

    /// True once nothing has been read for too long; the query then ends.
    var isStalled: Bool { state.withLock { $0.isStalled } }

    /// Adds output; returns false if no more output is needed.
    func add(_ bytes: [UInt8]) -> Bool {
        while true {
            let isTaken = state.withLock { state -> Bool? in
                guard !state.isBroken, !state.isStalled else { return false }
                guard state.bytes == 0 || state.bytes + bytes.count <= limit else { return nil }
                state.queue.append(bytes)
                state.bytes += bytes.count
                return true
            }
            if let isTaken {
                if isTaken { added.signal() }
                return isTaken
            }
            let end = DispatchTime.now() + .milliseconds(Int(timeout.milliseconds))
            if written.wait(timeout: end) == .timedOut { state.withLock { $0.isStalled = true } }
        }
    }

    /// Waits without a timeout until everything has been written, or nothing more can be written.
    func end() async {
        guard !isStalled else { return }
        state.withLock { $0.isEnded = true }
        added.signal()
        await ended.changed(after: 0)
    }

    private func run() {
        while true {
            added.wait()
            let next = state.withLock { state in
                defer { state.queue = [] }
                return state.queue
            }
            for bytes in next {
                let isWritten = state.withLock { !$0.isBroken } && write(bytes)
                state.withLock { state in
                    state.bytes -= bytes.count
                    if !isWritten { state.isBroken = true }
                }
                written.signal()
            }
            if state.withLock({ $0.isEnded && $0.queue.isEmpty }) { return ended.notify() }
        }
    }
}

/// Prints the rows of a result in one of the formats; tables are collected in slices, other formats are not.
final class QueryWriter: Sendable {
    private struct State {
        var columns: [String] = []
        var pending: [[String]] = []
    }

    /// Rows per slice; a column is as wide as its widest value within a slice.
    private static let slice = 1_000

    private let format: QueryCommand.Format
    private let output: QueryOutput
    private let state = Mutex(State())

    init(_ format: QueryCommand.Format, to output: QueryOutput) {
        self.format = format
        self.output = output
    }

    /// Receives the names of the columns, before the first row.
    func begin(_ columns: [String]) {
        let names = format == .json ? QueryText.distinct(columns) : columns
        state.withLock { $0.columns = names }
        if format == .csv { _ = output.add(QueryText.csv(columns.map { .text($0) })) }
    }

    /// Receives a row; returns false if it cannot be printed, so that no further rows are needed.
    func add(_ row: [QueryValue]) -> Bool {
        switch format {
        case .csv: return output.add(QueryText.csv(row))
        case .json: return line(QueryText.json(state.withLock { $0.columns }, row))
        case .table:
            let isFull = state.withLock { state in
                state.pending.append(row.map(QueryText.cell))
                return state.pending.count >= Self.slice
            }
            return isFull ? flush() : true
        }
    }

    func end() { if format == .table { _ = flush() } }

    private func flush() -> Bool {
        let (columns, rows) = state.withLock { state in
            defer { state.pending = [] }
            return (state.columns, state.pending)
        }
        return line(TextTable(columns, rows).render())
    }

    /// Escaped as by `Output.line`.
    private func line(_ text: String) -> Bool {
        output.add(Array(PrintableText.escapedLines(text + "\n").utf8))
    }
}

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
