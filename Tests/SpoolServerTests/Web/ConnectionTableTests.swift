import Testing

@testable import SpoolServer

@Suite("the table of connections")
struct ConnectionTableTests {
    private static func evicted(_ admission: ConnectionTable<String>.Admission) -> String? {
        if case .inPlaceOf(let other) = admission { other } else { nil }
    }

    @Test("below the limit everyone is admitted, above it the one that has waited longest goes")
    func evicts() {
        var table = ConnectionTable<String>(limit: 2)
        let first = table.admit("first")
        let second = table.admit("second")
        // It was answered, and waits since then only.
        table.answering(first.number)
        table.waiting(first.number)

        let third = table.admit("third")

        #expect(Self.evicted(first.admission) == nil && Self.evicted(second.admission) == nil)
        #expect(Self.evicted(third.admission) == "second")
        #expect(Set(table.all) == ["first", "third"])
    }

    @Test("one that is being answered keeps its place; where all are, a new one is refused")
    func refuses() {
        var table = ConnectionTable<String>(limit: 2)
        table.answering(table.admit("first").number)
        table.answering(table.admit("second").number)

        let third = table.admit("third").admission

        guard case .refused = third else {
            Issue.record("\(third)")
            return
        }
        #expect(Set(table.all) == ["first", "second"])
    }

    @Test("after a stop none is admitted, and it is empty once all have left")
    func stops() {
        var table = ConnectionTable<String>(limit: 2)
        let first = table.admit("first").number
        table.stop()

        let second = table.admit("second").admission
        table.left(first)
        table.left(first)

        guard case .refused = second else {
            Issue.record("\(second)")
            return
        }
        #expect(table.isEmpty)
    }
}
