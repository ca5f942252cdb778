import SpoolCore
import Testing

@testable import SpoolConfig

@Suite("Showing problems")
struct ProblemReportTests {
    @Test("each problem shows its position, its line and a caret, in the order of the file")
    func render() {
        let report = ProblemReport(path: "spool.yaml", text: "spool:\n  pth: /x\n\tü漢: x\n")

        let text = report.render([
            ConfigurationProblem(line: 3, column: 4, message: "third"),
            ConfigurationProblem(line: 2, column: 3, message: "unknown key `pth`; did you mean `path`?"),
            ConfigurationProblem(line: 2, column: 3, message: "unknown key `pth`; did you mean `path`?"),
        ])

        #expect(
            text == """
                spool.yaml:2:3: unknown key `pth`; did you mean `path`?
                      pth: /x
                      ^
                spool.yaml:3:4: third
                    \tü漢: x
                    \t  ^
                2 problems in spool.yaml
                """
        )
    }

    @Test("a problem at the end of the file, or on an empty line, shows only its position")
    func noLine() {
        let report = ProblemReport(path: "f", text: "a: 1\n\n")

        let text = report.render([
            ConfigurationProblem(line: 2, column: 1, message: "empty"),
            ConfigurationProblem(line: 9, column: 1, message: "beyond"),
        ])

        #expect(text == "f:2:1: empty\nf:9:1: beyond\n2 problems in f")
    }

    @Test(
        "a line is shown without its secrets",
        arguments: [
            ("auth: { token: hunter2 }", "auth: { token: …"),
            ("  token: \"hunter2\"", "  token: …"),
            ("  token:hunter2", "  token:…"),
            ("  {\"token\":\"hunter2\"}", "  {\"token\":…"),
            ("  tokne: hunter2", "  tokne: …"),
            ("  client_secret: hunter2", "  client_secret: …"),
            ("  Password : hunter2", "  Password : …"),
            ("auth: { token: file:/x, password: hunter2 }", "auth: { token: file:/x, password: …"),
            ("  # token: hunter2", "  # token: …"),
            ("proxy: http://user:hunter2@proxy:3128/x", "proxy: http://…@proxy:3128/x"),
            ("  key: 0123456789abcdef0123456789abcdef0123", "  key: …"),
            ("- 0123456789abcdef0123456789abcdef0123  x", "- …  x"),
            ("  auth: { token: file:/etc/spool/token }", "  auth: { token: file:/etc/spool/token }"),
            ("  token: credential:token", "  token: credential:token"),
            ("  token: ${DEFENDER_TOKEN}", "  token: ${DEFENDER_TOKEN}"),
            ("  token:", "  token:"),
            ("  ca_file: /a/very/long/path/to/a/file/with-2-digits/and-more.pem", nil),
            ("  url: https://contoso.us2.portal.cloudappsecurity.com", nil),
            ("  poll:  15s   # often", nil),
            ("", nil),
        ] as [(String, String?)]
    )
    func masks(line: String, shown: String?) {
        #expect(LineMask.masked(line) == shown ?? line)
    }
}
