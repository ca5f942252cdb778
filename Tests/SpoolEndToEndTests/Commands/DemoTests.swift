import SpoolTestSupport
import Testing

@Suite("spool demo", .daemons)
struct DemoTests {
    @Test("runs to completion in a pipe, accounts for every event in its last line and exits with 0")
    func accounts() async throws {
        let answer = try await Child.answer(BuiltProduct.spool, ["demo"], within: .seconds(400))

        let last = answer.output.split(separator: "\n").last ?? ""
        let facts = try #require(
            last.wholeMatch(
                of:
                    #/every event is accounted for: shown by the source (\d+), spooled (\d+), delivered (\d+), sent again on purpose (\d+), duplicates 0/#
            ),
            "\(answer)"
        )
        let (shown, again) = (Int(facts.output.1) ?? 0, Int(facts.output.4) ?? 0)
        #expect(shown > 2_000 && again > 0)
        #expect(facts.output.2 == facts.output.1 && facts.output.3 == facts.output.1)
        #expect(answer.output.contains("SIEM away"))
        #expect(answer.code == 0, "\(answer)")
    }
}
