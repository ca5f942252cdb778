import Testing

@testable import spool

@Suite("HTML from portals on a terminal")
struct PlainTextTests {
    @Test(
        "elements are removed, entities are decoded, and everything else is unchanged",
        arguments: [
            (
                "<p>The user Alex (alex@example.com) failed.<br>Next sentence.</p>",
                "The user Alex (alex@example.com) failed. Next sentence."
            ),
            (
                "File policy 'block png files' __siteIcon__ was matched by 'image (2).png'",
                "File policy 'block png files' was matched by 'image (2).png'"
            ),
            ("R&amp;D &lt;b&gt; &quot;x&quot; it&#39;s", "R&D <b> \"x\" it's"),
            ("<a href=\"https://x.example/?a=1\">see</a>.", "see."),
            (
                "1 < 2 and 3 > 2 & <script>alert(1)</script> <pre>",
                "1 < 2 and 3 > 2 & <script>alert(1)</script> <pre>"
            ),
            ("<p>a_b</p>", "a_b"), ("plain", "plain"), ("<", "<"), ("&", "&"), ("<p", "<p"),
        ]
    )
    func texts(raw: String, plain: String) {
        #expect(PlainText.of(raw) == plain)
    }
}
