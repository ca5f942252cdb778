import SpoolCore

/// A record that is larger than the size limit of a page by itself, known from the beginning of the response.
struct OversizedRecord {
    /// How many bytes are kept when the record cannot be read completely.
    static let kept = 64 << 10

    private let beginning: [UInt8]
    /// Its id, if the beginning contains one in the API's form.
    let id: String?

    init(_ beginning: [UInt8]) {
        self.beginning = beginning
        id = RecordSlicer.text(of: "_id", inFirstRecordOf: beginning).flatMap { range in
            let isID =
                (1...256).contains(range.count)
                && beginning[range].allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
            return isID ? String(decoding: beginning[range], as: UTF8.self) : nil
        }
    }

    /// The response when only the beginning is available: an unreadable record, kept rather than lost.
    func unreadable(kind: EventKind, date: Timestamp) -> ListAnswer {
        let raw = Array(beginning.prefix(Self.kept))
        let record = SlicedRecord(range: 0..<raw.count, isClean: false)
        return ListAnswer(raw, single: record, kind: kind, date: date)
    }
}
