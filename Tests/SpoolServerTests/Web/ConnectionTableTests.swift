import Testing

@testable import SpoolServer

@Suite("the table of connections")
struct ConnectionTableTests {
    private static func evicted(_ admission: ConnectionTable<String>.Admission) -> String? {
        if case .inPlaceOf(let other) = admission { other } else { nil }
    }

    @Test("below the limit all are admitted; above it the one that has waited longest is replaced")
    func evicts() {
        var table = ConnectionTable<String>(limit: 2)
        let first = table.admit("first")
        let second = table.admit("second")
        // It was answered, and has been waiting only since then.
        table.answering(first.number)
        table.waiting(first.number)

        let third = table.admit("third")

        #expect(Self.evicted(first.admission) == nil && Self.evicted(second.admission) == nil)
        #expect(Self.evicted(third.admission) == "second")
        #expect(Set(table.all) == ["first", "third"])
    }

    @Test("one with a request in progress is kept; if all have one, a new connection is rejected")
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

    @Test("after a stop none is admitted, and the table is empty once all are closed")
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
