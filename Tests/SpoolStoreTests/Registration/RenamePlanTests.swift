import Testing

@testable import SpoolStore

@Suite struct RenamePlanTests {
    typealias Known = RenamePlan.Known
    typealias Wanted = RenamePlan.Wanted

    private static func row(_ id: Int64, _ name: String, blank: Bool = false, done: String? = nil) -> Known {
        Known(id: id, name: name, isBlank: blank, carriedOut: done)
    }

    @Test("a rename moves the row of the former name, and is recorded")
    func simple() {
        let plan = RenamePlan([Wanted(name: "new", renamedFrom: "old")], known: [Self.row(1, "old")])

        #expect(plan.moves == [RenamePlan.Move(id: 1, from: "old", to: "new", replaced: nil)])
        #expect(plan.carriedOut == [1: "old"])
        #expect(plan.ignored.isEmpty)
    }

    @Test("a new name that was added by mistake is dropped while it is unused")
    func replacesBlank() {
        let plan = RenamePlan(
            [Wanted(name: "new", renamedFrom: "old")],
            known: [Self.row(1, "old"), Self.row(2, "new", blank: true)]
        )

        #expect(plan.moves == [RenamePlan.Move(id: 1, from: "old", to: "new", replaced: 2)])
    }

    @Test("a new name with its own history keeps its row, and the setting is reported")
    func hasHistory() {
        let plan = RenamePlan(
            [Wanted(name: "new", renamedFrom: "old")],
            known: [Self.row(1, "old"), Self.row(2, "new")]
        )

        #expect(plan.moves.isEmpty)
        #expect(plan.ignored.map(\.reason) == [.hasHistory])
    }

    @Test("two names are exchanged once, and not again while the settings remain")
    func swaps() {
        let wanted = [Wanted(name: "a", renamedFrom: "b"), Wanted(name: "b", renamedFrom: "a")]

        let first = RenamePlan(wanted, known: [Self.row(1, "a"), Self.row(2, "b")])
        let second = RenamePlan(wanted, known: [Self.row(1, "b", done: "a"), Self.row(2, "a", done: "b")])

        #expect(first.moves.map { "\($0.id) \($0.to)" } == ["2 a", "1 b"])
        #expect(first.moves.allSatisfy { $0.replaced == nil })
        #expect(second.moves.isEmpty && second.ignored.isEmpty)
        #expect(second.carriedOut == [1: "a", 2: "b"])
    }

    @Test("names are passed on in a chain")
    func chain() {
        let plan = RenamePlan(
            [Wanted(name: "c", renamedFrom: "b"), Wanted(name: "b", renamedFrom: "a")],
            known: [Self.row(1, "a"), Self.row(2, "b")]
        )

        #expect(plan.moves.map { "\($0.id) \($0.to)" } == ["2 c", "1 b"])
    }

    @Test("a chain that ends at a name with a history moves nothing")
    func blockedChain() {
        let plan = RenamePlan(
            [Wanted(name: "c", renamedFrom: "b"), Wanted(name: "b", renamedFrom: "a")],
            known: [Self.row(1, "a"), Self.row(2, "b"), Self.row(3, "c")]
        )

        #expect(plan.moves.isEmpty)
        #expect(Set(plan.ignored.map(\.name)) == ["b", "c"])
    }

    @Test("a former name that is used again keeps its new owner, whether either is in use or not")
    func reusedName() {
        let wanted = [Wanted(name: "new", renamedFrom: "old"), Wanted(name: "old", renamedFrom: nil)]

        let first = RenamePlan(wanted, known: [Self.row(1, "old")])
        let later = RenamePlan(
            wanted,
            known: [Self.row(1, "new", blank: true, done: "old"), Self.row(2, "old", blank: true)]
        )
        let unknown = RenamePlan(wanted, known: [Self.row(1, "new", blank: true), Self.row(2, "old")])

        #expect(first.moves.map(\.to) == ["new"])
        #expect(later.moves.isEmpty && later.ignored.isEmpty)
        #expect(unknown.moves.isEmpty)
        #expect(unknown.ignored.map(\.reason) == [.formerNameInUse])
    }

    @Test("a former name that the spool never had is reported, except on an empty spool")
    func unknown() {
        let wanted = [Wanted(name: "new", renamedFrom: "typo")]

        #expect(RenamePlan(wanted, known: [Self.row(1, "old")]).ignored.map(\.reason) == [.unknown])
        #expect(RenamePlan(wanted, known: []).ignored.isEmpty)
    }

    @Test("a completed rename stays in effect without `renamed_from`")
    func stays() {
        let plan = RenamePlan([Wanted(name: "new", renamedFrom: "old")], known: [Self.row(1, "new")])

        #expect(plan.moves.isEmpty && plan.ignored.isEmpty)
        #expect(plan.carriedOut == [1: "old"])
    }
}
