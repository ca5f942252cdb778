import SpoolCore
import Testing

@Suite("Event batches")
struct EventBatchTests {
    private func event(_ id: String, severity: Int? = nil) -> Event {
        var event = Event(
            externalID: id,
            kind: .activity,
            occurred: Timestamp(milliseconds: 10),
            created: Timestamp(milliseconds: 20)
        )
        event.severity = severity
        event.category = "category-\(id)"
        event.action = "action-\(id)"
        event.message = "message-\(id) ü 漢"
        event.userName = "user-\(id)"
        event.appName = "app-\(id)"
        event.appID = "app-id-\(id)"
        event.ip = "ip-\(id)"
        event.country = "country-\(id)"
        event.userAgent = "agent-\(id)"
        event.objects = "objects-\(id)"
        event.policies = "policies-\(id)"
        event.link = "link-\(id)"
        return event
    }

    @Test("the constant is the number of columns")
    func columnCount() {
        #expect(EventBatch.Column.allCases.count == EventBatch.Column.count)
        #expect(EventBatch.Column.allCases.map(\.rawValue) == Array(0..<EventBatch.Column.count))
    }

    @Test("each column of each event is read back unchanged")
    func columns() {
        var batch = EventBatch(stream: StreamID(7))

        batch.append(event("1", severity: 2), seq: Seq(11), raw: Array("{\"a\":1}".utf8))
        batch.append(event("2"), seq: Seq(13))

        #expect(batch.count == 2)
        #expect(batch.first == Seq(11))
        #expect(batch.last == Seq(13))
        #expect(batch.seqs == [11, 13])
        #expect(batch.occurred == [10, 10])
        #expect(batch.created == [20, 20])
        #expect(batch.severities == [2, -1])
        #expect(batch.kinds == [1, 1])
        let expected: [EventBatch.Column: String] = [
            .externalID: "2", .category: "category-2", .action: "action-2", .message: "message-2 ü 漢",
            .userName: "user-2", .appName: "app-2", .appID: "app-id-2", .ip: "ip-2", .country: "country-2",
            .userAgent: "agent-2", .objects: "objects-2", .policies: "policies-2", .link: "link-2", .raw: "",
        ]
        for column in EventBatch.Column.allCases {
            #expect(batch.string(column, at: 1) == expected[column])
        }
        #expect(batch.string(.externalID, at: 0) == "1")
        #expect(batch.string(.raw, at: 0) == "{\"a\":1}")
    }

    @Test("bytes that are not UTF-8 are kept unchanged")
    func invalidUTF8() {
        var batch = EventBatch(stream: StreamID(7))
        let bytes: [UInt8] = [0x22, 0xFF, 0xC3, 0x22]

        batch.append(event("1"), seq: Seq(1), raw: bytes)

        #expect(Array(batch.text[batch.range(of: .raw, at: 0)]) == bytes)
    }

    @Test("the positions at which events were left out are kept")
    func breaks() {
        var batch = EventBatch(stream: StreamID(7))

        batch.append(event("1"), seq: Seq(1))
        batch.append(event("2"), seq: Seq(5), followsGap: true)
        batch.append(event("3"), seq: Seq(6))
        batch.append(event("4"), seq: Seq(9), followsGap: true)

        #expect(batch.breaks == [1, 3])
    }

    @Test("an empty batch has no first and no last event")
    func empty() {
        let batch = EventBatch(stream: StreamID(7), reserving: 100, bytes: 1_000)

        #expect(batch.isEmpty)
        #expect(batch.first == nil)
        #expect(batch.last == nil)
    }

    @Test("a page's latest time is that of its readable records")
    func greatest() {
        func record(_ milliseconds: Int64, isReadable: Bool) -> PageRecord {
            let time = Timestamp(milliseconds: milliseconds)
            let event = Event(
                externalID: "x",
                kind: .alert,
                isReadable: isReadable,
                occurred: time,
                created: time
            )
            return PageRecord(raw: 0..<0, event: event)
        }
        func page(_ records: [PageRecord]) -> Page {
            Page(body: [], records: records, date: Timestamp(milliseconds: 99), next: nil)
        }

        let mixed = page([
            record(5, isReadable: true), record(9, isReadable: false), record(3, isReadable: true),
        ])

        #expect(mixed.greatest == Timestamp(milliseconds: 5))
        #expect(page([record(9, isReadable: false)]).greatest == nil)
    }
}
