import Testing

@testable import SpoolConfig

@Suite("The spool's path in a file with mistakes")
struct SpoolLocationTests {
    @Test(
        "is found whatever problems are before and after its group",
        arguments: [
            ("spool:\n  path: /x/s.db\nsources: 7\n", "/x/s.db"),
            (
                "sinks: [\nspool:\n  # where\n\n  path: \"/x/s.db\" # here\n# end\nsources:\n\t- a\n",
                "/x/s.db"
            ),
            ("spool: { path: /x/s.db, nonsense: 1 }\nsources: {{\n", "/x/s.db"),
            ("spool:\n  retention: { age: never }\nx: [\n", "/var/lib/spool/spool.db"),
            ("spool:\nsources: [", "/var/lib/spool/spool.db"), ("sources: [", "/var/lib/spool/spool.db"),
        ]
    )
    func found(_ text: String, _ path: String) {
        #expect(SpoolLocation.spoolPath(in: text) == path)
    }

    @Test(
        "is not guessed when its own group is invalid",
        arguments: [
            "spool:\n  path: [\n", "spool: 7\n", "spool:\n  path: /x/\n", "spool:\n  path: { a: b }\n",
        ]
    )
    func wrong(_ text: String) {
        #expect(SpoolLocation.spoolPath(in: text) == nil)
    }
}
