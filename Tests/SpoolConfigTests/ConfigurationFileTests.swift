import SpoolConfig
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Configuration files")
struct ConfigurationFileTests {
    private func parse(_ text: String) throws -> ConfigurationNode {
        try ConfigurationFile.parse(text: text, path: "spool.yaml", secrets: SystemSecrets(environment: [:]))
            .root
    }

    private func problems(_ text: String) throws -> [String] {
        do {
            _ = try parse(text)
            return []
        } catch let fault as ConfigurationFault {
            return fault.problems.map(\.description)
        }
    }

    private func entries(_ node: ConfigurationNode) -> [ConfigurationNode.Entry] {
        if case .mapping(let entries) = node.value { entries } else { [] }
    }

    @Test("every key and value has its line and column, counted from 1")
    func places() throws {
        let root = try parse(
            """
            # a comment
            spool:
              path: /var/lib/spool.db
            sinks:
              - name: siem
                ports: [1, 22]
            """
        )

        let spool = entries(root)[0]
        let path = entries(spool.value)[0]
        #expect([spool.line, spool.column] == [2, 1])
        #expect([path.line, path.column, path.value.line, path.value.column] == [3, 3, 3, 9])
        guard case .sequence(let sinks) = entries(root)[1].value.value, let sink = sinks.first else {
            Issue.record("sinks is not a list")
            return
        }
        let ports = entries(sink)[1]
        #expect([ports.line, ports.column] == [6, 5])
        guard case .sequence(let items) = ports.value.value else {
            Issue.record("ports is not a list")
            return
        }
        #expect(items.map(\.line) == [6, 6])
        #expect(items.map(\.column) == [13, 16])
    }

    @Test(
        "an unquoted `~`, `null` or empty value is null; quoted ones are texts",
        arguments: [
            ("k: ~", nil), ("k: null", nil), ("k:", nil), ("k: Null", nil), ("k: \"~\"", "~"),
            ("k: 'null'", "null"),
            ("k: \"\"", ""), ("k: nullify", "nullify"), ("k: yes", "yes"), ("k: 010", "010"),
            ("k: 2026-11-23", "2026-11-23"), ("k: |\n  a\n  b\n", "a\nb\n"), ("k: 'it''s'", "it's"),
            ("k: \"a\\tb\"", "a\tb"), ("k: ü漢😀", "ü漢😀"),
        ] as [(String, String?)]
    )
    func scalars(text: String, expected: String?) throws {
        let value = try #require(entries(parse(text)).first).value.value

        switch value {
        case .scalar(let found): #expect(found == expected)
        case .null: #expect(expected == nil)
        case .mapping, .sequence: Issue.record("expected a single value")
        }
    }

    @Test(
        "an empty file is an empty group",
        arguments: ["", "\n\n", "# only a comment\n", "---\n"]
    )
    func emptyFile(text: String) throws {
        guard case .null = try parse(text).value else {
            Issue.record("expected nothing")
            return
        }
    }

    @Test("Windows line ends and a byte order mark are accepted")
    func windows() throws {
        let root = try parse("\u{FEFF}spool:\r\n  path: /x\r\nstatus: ~\r\n")

        #expect(entries(root).map(\.key) == ["spool", "status"])
        #expect(entries(root).map(\.line) == [1, 3])
    }

    @Test("an alias has its anchor's value and position")
    func aliases() throws {
        let root = try parse("a: &tls { ca_file: /x }\nb: *tls\n")

        let file = try #require(entries(entries(root)[1].value).first)
        guard case .scalar("/x") = file.value.value else {
            Issue.record("the alias was not resolved")
            return
        }
        #expect(file.line == 1)
    }

    @Test("nested aliases are refused before they fill the memory", .timeLimit(.minutes(5)))
    func billionLaughs() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }

        let found = try problems(text)

        #expect(found == ["1:1: the file contains more than 100000 values; are aliases nested?"])
    }

    @Test("values that are nested too deeply are refused")
    func nesting() throws {
        let found = try problems(
            "a: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        )

        #expect(found == ["1:68: values are nested too deeply"])
    }

    @Test(
        "invalid and unsupported YAML is reported with its position",
        arguments: [
            ("a: 1\n\tb: 2\n", "2:1: not valid YAML: a tab cannot indent a line; use spaces"),
            ("a: [1, 2\n", "2:1: not valid YAML: "),
            ("a: \"x\n", "2:1: not valid YAML: a quote or bracket is not closed"),
            (
                "a: b: c\n",
                "1:5: not valid YAML: a `: ` is not allowed here; quote the value if it contains one, "
                    + "or check the indentation"
            ),
            (
                "a:\n  b: 1\n c: 2\n",
                "3:2: not valid YAML: this line is not indented like its neighbours, or a quote or bracket "
                    + "above it is not closed"
            ),
            (
                "a: *b\n",
                "1:4: not valid YAML: this alias (`*name`) has no anchor (`&name`) before it; "
                    + "quote a value that begins with `*`"
            ),
            ("a: @b\n", "1:4: not valid YAML: this character cannot begin a value; put the value in quotes"),
            ("a: 1\nbcd\n", "3:1: not valid YAML: a `:` is missing after this key"),
            (
                "a: 1\n---\nb: 2\n",
                "2:1: not valid YAML: a second document begins here (`---`); the file must contain only one"
            ),
            ("a: 1\nb: x\u{1}y\n", "2:5: not valid YAML: the character U+1 is not allowed"),
            ("a: 1\nb: 2\na: 3\n", "1:1: `a` is given more than once in this group; the first one is here"),
            ("1: x\n'1': y\n", "2:1: `1` is given twice in this group, first on line 1"),
            ("[a, b]: c\n", "1:1: a key must be a single word"),
            (
                "a: &x { b: 1 }\nc:\n  <<: *x\n",
                "3:3: merge keys (`<<`) are not supported; repeat the keys, or use an alias for a whole group"
            ),
            ("a: !secret b\n", "1:4: tags (`!…`) are not supported"),
            ("a: !!binary b\n", "1:4: tags (`!…`) are not supported"),
            ("a: !x [b]\n", "1:4: tags (`!…`) are not supported"),
            ("a: !x { b: c }\n", "1:4: tags (`!…`) are not supported"),
        ]
    )
    func invalid(text: String, expected: String) throws {
        let found = try problems(text)

        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(expected) == true, "\(found)")
    }

    @Test("a file is read from disk, and each failure has its own message")
    func reading() throws {
        let folder = try TemporaryFolder()
        let secrets = SystemSecrets(environment: [:])
        let good = try folder.write("spool: { path: /x }\n", to: "spool.yaml")
        let latin = folder.path("latin.yaml")
        try #require(latin1File(latin))

        #expect(try ConfigurationFile.read(path: good, secrets: secrets).text == "spool: { path: /x }\n")
        for (path, reason) in [
            (folder.path("absent.yaml"), "there is no such file"), (folder.path, "it is a folder"),
            (latin, "is not UTF-8 text"),
        ] {
            let fault = #expect(throws: ConfigurationFault.self) {
                try ConfigurationFile.read(path: path, secrets: secrets)
            }
            #expect(fault?.description.contains(reason) == true)
            #expect(fault?.description.contains(path) == true)
            #expect(fault?.problems.isEmpty == true)
        }
    }
}
