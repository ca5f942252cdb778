import Crypto
import Foundation
import GRDB
import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `<spool>.state`: a copy of the tables that stay small, written beside the spool every few seconds.
///
/// It holds positions, not events: where each stream and each sink is, and how far back a stream has to be
/// read
/// again should the spool's file be lost. It is one JSON document followed by its SHA-256, so that a file
/// that was
/// cut or changed is recognised.
struct StateCopy: Codable, Sendable, Equatable {
    /// The tables that are copied, parents before the tables that refer to them.
    static let tables = ["stream", "sink", "subscription", "renaming", "last_id", "replay", "replay_stream"]

    /// `user_version` of the spool.
    var schema: Int
    /// When it was written, local clock, in milliseconds.
    var written: Int64
    /// The id of the current run (`run`), and when it started: together they tell one spool from another.
    var run: Int64
    var runStarted: Int64?
    /// The greatest `seq` ever given out.
    var lastSeq: Int64
    /// The greatest ids given out in tables with AUTOINCREMENT.
    var sequences: [String: Int64]
    /// From when on each stream has to be read again without the spool's events, by the name of the stream:
    /// the oldest
    /// event that a sink may not have read yet, and the earliest time that later scans read anyway.
    var rereadFrom: [String: Int64]
    /// The rows of `tables`, by column.
    var rows: [String: [[String: StateValue]]]

    /// Reads the copy of a spool; nil when there is none, or when it was cut or changed.
    static func read(_ files: SpoolFiles) -> StateCopy? {
        guard let bytes = FileManager.default.contents(atPath: files.state), bytes.count > 65,
            bytes.last == UInt8(ascii: "\n")
        else { return nil }
        let content = bytes.prefix(bytes.count - 65)
        guard bytes.suffix(65).dropLast().elementsEqual(sum(content).utf8) else { return nil }
        return try? JSONDecoder().decode(StateCopy.self, from: content)
    }

    /// Replaces the copy of a spool; durable on return.
    func write(_ files: SpoolFiles) throws(StoreError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var bytes = try? encoder.encode(self) else {
            throw StoreError(.invalid, "The state of the spool \(files.path) cannot be encoded.")
        }
        bytes.append(contentsOf: Self.sum(bytes).utf8)
        bytes.append(UInt8(ascii: "\n"))
        let draft = files.state + ".new"
        let descriptor = try OwnedFile.open(
            draft,
            O_CREAT | O_TRUNC | O_WRONLY,
            mode: SpoolFiles.mode,
            what: "the copy of the spool's state",
            spool: files.path
        )
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Self.put(descriptor, $0[written...]) }
            guard count > 0 else { throw StoreError.file("write \(draft)", errno) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw StoreError.file("sync \(draft)", errno) }
        guard rename(draft, files.state) == 0 else { throw StoreError.file("replace \(files.state)", errno) }
        files.syncFolder()
    }

    private static func put(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
        #endif
    }

    private static func sum(_ bytes: Data) -> String {
        SHA256.hash(data: bytes).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

/// A value of a column.
enum StateValue: Codable, Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .real(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .integer(let value): try container.encode(value)
        case .real(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }

    /// A value as stored; the tables of the copy have no blobs.
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null, .blob: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        }
    }

    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }
}
