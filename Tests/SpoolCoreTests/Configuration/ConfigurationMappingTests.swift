import SpoolCore
import Testing

@Suite("Reading settings")
struct ConfigurationMappingTests {
    private let problems = ConfigurationProblems()

    private func scalar(_ text: String, _ line: Int = 1, _ column: Int = 1) -> ConfigurationNode {
        ConfigurationNode(value: .scalar(text), line: line, column: column, secrets: KnownSecret())
    }

    private func mapping(_ pairs: [(String, ConfigurationNode.Value)]) -> ConfigurationNode {
        let entries = pairs.enumerated().map { index, pair in
            ConfigurationNode.Entry(
                key: pair.0,
                line: index + 2,
                column: 3,
                value: ConfigurationNode(value: pair.1, line: index + 2, column: 20, secrets: KnownSecret())
            )
        }
        return ConfigurationNode(value: .mapping(entries), line: 1, column: 1, secrets: KnownSecret())
    }

    private func read(_ node: ConfigurationNode, _ body: (inout ConfigurationMapping) -> Void) throws {
        guard var group = ConfigurationMapping(node, problems: problems) else { throw NoGroup() }
        body(&group)
        group.finish()
    }

    private var messages: [String] { problems.list.map(\.description) }

    @Test("keys are taken once, and a key that was not taken is a problem with a hint")
    func unknownKey() throws {
        let node = mapping([("poll", .scalar("15s")), ("adress", .scalar("x")), ("zzz", .scalar("x"))])

        try read(node) { group in
            let poll = group.take("poll")?.duration(in: .zero ... .seconds(60), problems)
            let address = group.take("address")

            #expect(poll == .seconds(15))
            #expect(address == nil)
        }

        #expect(messages == ["3:3: unknown key `adress`; did you mean `address`?", "4:3: unknown key `zzz`"])
    }

    @Test("a missing or empty required key is a problem of its group")
    func missingKey() throws {
        let node = mapping([("url", .null)])

        try read(node) { group in
            _ = group.require("url")
            _ = group.require("name")
        }

        #expect(messages == ["1:1: `url` is missing", "1:1: `name` is missing"])
    }

    @Test("an empty group has no keys and no problems")
    func emptyGroup() throws {
        let node = ConfigurationNode(value: .null, line: 1, column: 1, secrets: KnownSecret())

        try read(node) { group in
            _ = group.take("poll")
        }

        #expect(problems.isEmpty)
    }

    @Test("a list or a single value is not a group")
    func noGroup() {
        let list = ConfigurationNode(value: .sequence([]), line: 4, column: 5, secrets: KnownSecret())

        let isGroup = ConfigurationMapping(list, problems: problems) != nil

        #expect(!isGroup)
        #expect(messages == ["4:5: expected a group of keys, found a list"])
    }

    @Test("all problems of a group are reported together")
    func allAtOnce() throws {
        let node = mapping([
            ("poll", .scalar("15x")), ("requests", .scalar("many")), ("pri", .scalar("yes")),
            ("streams", .scalar("all")), ("auth", .sequence([])), ("kind", .scalar("created-at")),
        ])

        try read(node) { group in
            _ = group.take("poll")?.duration(in: .seconds(1) ... .hours(1), problems)
            _ = group.take("requests")?.integer(in: 1...30, problems)
            _ = group.take("pri")?.boolean(problems)
            _ = group.take("streams")?.list(problems)
            _ = group.take("auth")?.text(problems)
            _ = group.take("kind")?.choice(ReplayBasis.self, problems)
        }

        #expect(
            messages == [
                "2:20: expected a duration from 1s to 1h, such as `15s`, `10m` or `2d`, found `15x`",
                "3:20: expected a whole number from 1 to 30, found `many`",
                "4:20: expected `true` or `false`, found `yes`",
                "5:20: expected a list, found a single value",
                "6:20: expected a single value, found a list",
                "7:20: expected one of `occurred`, `created`, found `created-at`; did you mean `created`?",
            ]
        )
    }

    @Test("values within their ranges are read")
    func values() {
        #expect(scalar("30").integer(in: 1...30, problems) == 30)
        #expect(scalar("true").boolean(problems) == true)
        #expect(scalar("false").boolean(problems) == false)
        #expect(scalar("created").choice(ReplayBasis.self, problems) == .created)
        #expect(scalar("1GiB").byteSize(in: 1...(1 << 40), problems) == 1 << 30)
        #expect(scalar("eu-1").name(problems) == "eu-1")
        #expect(problems.isEmpty)
    }

    @Test("values outside their ranges are problems")
    func outOfRange() {
        _ = scalar("31").integer(in: 1...30, problems)
        _ = scalar("2h").duration(in: .seconds(1) ... .hours(1), problems)
        _ = scalar("1TiB").byteSize(in: 1_048_576...1_073_741_824, problems)
        _ = scalar("EU 1").name(problems)

        #expect(problems.list.count == 4)
        #expect(
            messages[2] == "1:1: expected a size from 1MiB to 1GiB, such as `512MiB` or `20GiB`, found `1TiB`"
        )
    }

    @Test(
        "a secret is looked up by its reference",
        arguments: ["${TOKEN}", "file:/token", "credential:token"]
    )
    func secretReference(text: String) {
        let secret = scalar(text).secret(problems)

        #expect(secret?.reveal() == "known:" + text)
        #expect(problems.isEmpty)
    }

    @Test("a secret in the file itself is refused without being shown")
    func secretInFile() {
        let secret = scalar("hunter2", 4, 12).secret(problems)

        #expect(secret == nil)
        #expect(problems.list.map(\.line) == [4])
        #expect(!messages.joined().contains("hunter2"))
    }

    @Test("an unavailable secret is a problem at its position")
    func secretFault() {
        let secret = scalar("file:/absent", 4, 12).secret(problems)

        #expect(secret == nil)
        #expect(messages == ["4:12: cannot read /absent"])
    }

    @Test("problems are ordered by their position")
    func order() {
        let problems = [(9, 1), (2, 7), (2, 3)].map {
            ConfigurationProblem(line: $0.0, column: $0.1, message: "m")
        }

        #expect(problems.sorted().map(\.description) == ["2:3: m", "2:7: m", "9:1: m"])
    }
}

private struct NoGroup: Error {}

private struct KnownSecret: SecretLookup {
    func resolve(_ reference: String) throws(SecretFault) -> Secret {
        if reference == "file:/absent" { throw SecretFault("cannot read /absent") }
        return Secret("known:" + reference)
    }
}
