import SpoolCore
import Testing

@Suite("Names")
struct NameTests {
    @Test("the name of a stream is its source's name and its own, separated by a slash")
    func streamName() {
        let name = StreamName("contoso/activities")

        #expect(name == StreamName(source: "contoso", stream: "activities"))
        #expect(name?.description == "contoso/activities")
    }

    @Test(
        "any other form is not a stream name",
        arguments: ["", "/", "contoso", "contoso/", "/alerts", "a/b/c", "a//b"]
    )
    func noStreamName(text: String) {
        #expect(StreamName(text) == nil)
    }

    @Test(
        "names have letters of both cases, digits, dots, underscores and hyphens, up to 64 characters",
        arguments: ["a", "siem", "SIEM", "Siem-2", "7up", "eu-west.1_b", String(repeating: "n", count: 64)]
    )
    func validNames(text: String) {
        #expect(ConfigurationName.isValid(text))
    }

    @Test(
        "other names are refused",
        arguments: [
            "", "-a", ".a", "_a", "a b", "a/b", "a@b", "é", "a\n", "ａ", String(repeating: "n", count: 65),
        ]
    )
    func invalidNames(text: String) {
        #expect(!ConfigurationName.isValid(text))
    }

    @Test(
        "a misspelled word finds the intended word",
        arguments: [
            ("adress", "address"), ("sorces", "sources"), ("polls", "poll"), ("Poll", "poll"),
            ("max_sise", "max_size"),
        ]
    )
    func spelling(slip: String, meant: String) {
        #expect(Spelling.nearest(to: slip, among: ["sources", "poll", "address", "max_size"]) == meant)
    }

    @Test("a word that is not near to any finds none", arguments: ["retention", "x9", ""])
    func noSpelling(word: String) {
        #expect(Spelling.nearest(to: word, among: ["sources", "poll", "address"]) == nil)
    }
}
