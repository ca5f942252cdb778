import SpoolCore
import Testing

@Suite("Numbers and names in sentences")
struct CountTests {
    @Test(
        "thousands are separated by commas",
        arguments: [
            (0, "0"), (999, "999"), (1_000, "1,000"), (-12_345, "-12,345"), (1_234_567, "1,234,567"),
            (Int.min, "-9,223,372,036,854,775,808"),
        ]
    )
    func grouped(number: Int, text: String) {
        #expect(Grouped.text(number) == text)
    }

    @Test("one is singular, everything else is plural")
    func counts() {
        #expect(Count.text(1, "event") == "1 event")
        #expect(Count.text(0, "event") == "0 events")
        #expect(Count.text(2_000, "reply", many: "replies") == "2,000 replies")
        #expect(Count.of(1, "is", "are") == "is" && Count.of(3, "is", "are") == "are")
    }

    @Test(
        "none, one or several names are listed in words",
        arguments: [
            ([], "there are none"), (["siem"], "the only one is siem"), (["a", "b"], "known names: a and b"),
            (["a", "b", "c"], "known names: a, b and c"),
        ]
    )
    func names(names: [String], text: String) {
        #expect(Listing.thereAre(names) == text)
    }
}
