import SpoolCore
import Testing

@Suite("Sentence")
struct SentenceTests {
    @Test(
        "a text gets a full stop unless it has the end of a sentence",
        arguments: [
            ("spool.path has changed", "spool.path has changed."),
            (
                "unknown key `transprot`; did you mean `transport`?",
                "unknown key `transprot`; did you mean `transport`?"
            ),
            ("The disk is full. Free space.", "The disk is full. Free space."),
            ("and so on…", "and so on…"), ("Stop!", "Stop!"), ("it ended.\n", "it ended.\n"), ("", ""),
        ]
    )
    func ended(text: String, sentence: String) {
        #expect(Sentence.ended(text) == sentence)
    }
}
