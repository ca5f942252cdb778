import Foundation
import SpoolTestSupport
import Testing

@Suite("spool init")
struct InitTests {
    private let folder: TemporaryFolder
    private let agent =
        #"java -jar "C:\agent\mcas-siemagent-0.207.251-signed.jar" --logsDirectory "C:\my logs" "#
        + "--proxy proxy.example --token 5ecre7-T0ken &"

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) async throws -> Answer {
        try await Child.answer(BuiltProduct.spool, arguments)
    }

    private func permissions(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: folder.path(name))[.posixPermissions] as? Int
    }

    @Test("the written configuration passes check once the token exists")
    func passesCheck() async throws {
        let file = folder.path("spool.yaml")

        let written = try await run("init", "--output", file)
        let before = try await run("check", "--config", file)
        try folder.write("0123\n", to: "token")
        let after = try await run("check", "--config", file)

        #expect(written.code == 0)
        #expect(written.output.contains(folder.path("token")))
        #expect(before.code == 2 && before.errors.contains("cannot read \(folder.path("token"))"))
        #expect(after.code == 0, "\(after)")
        for place in ["url: https://contoso.us2", "address: siem.example:6514"] {
            #expect(after.output.contains("`\(place)"), "\(after)")
        }
        #expect(after.output.contains("is a placeholder from the example: enter"))
    }

    @Test("an existing token is not requested and is left unchanged")
    func existingToken() async throws {
        try folder.write("0123\n", to: "token")

        let written = try await run("init", "--output", folder.path("spool.yaml"))

        #expect(written.code == 0)
        #expect(written.output.contains("\(folder.path("token")): exists already, left unchanged"))
        #expect(!written.output.contains("an API token (Settings"), "\(written)")
        #expect(try folder.read("token") == "0123\n")
    }

    @Test("the portal determines the name of the source, and the SIEM's port the transport")
    func values() async throws {
        let file = folder.path("spool.yaml")

        _ = try await run(
            "init",
            "--output",
            file,
            "--url",
            "https://Fabrikam-eu.eu2.portal.cloudappsecurity.com/",
            "--siem",
            "[2001:db8::1]:6514"
        )

        let text = try folder.read("spool.yaml")
        #expect(text.contains("- name: fabrikam-eu\n"))
        #expect(text.contains("url: https://fabrikam-eu.eu2.portal.cloudappsecurity.com\n"))
        #expect(text.contains("streams: [fabrikam-eu/activities, fabrikam-eu/alerts]\n"))
        #expect(text.contains("address: \"[2001:db8::1]:6514\"\n"))
        #expect(text.contains("\n    transport: tls\n"))
    }

    @Test("an old agent's command line is converted to a configuration that passes check immediately")
    func translates() async throws {
        let file = folder.path("spool.yaml")

        let written = try await run(
            "init",
            "--output",
            file,
            "--from-agent",
            agent,
            "--siem",
            "siem.example:514"
        )
        let checked = try await run("check", "--config", file)

        #expect(written.code == 0)
        #expect(checked.code == 0, "\(checked)")
        let text = try folder.read("spool.yaml")
        #expect(text.contains("\n    proxy: http://proxy.example:8080\n"))
        #expect(text.contains("\n    cef: { agent_version: 0.207.251, "))
        #expect(text.contains("\n    transport: tcp\n"))
        #expect(!text.contains("5ecre7"))
        #expect(try folder.read("token") == "5ecre7-T0ken\n")
        #expect(try permissions("token") == 0o600)
        #expect(!written.output.contains("5ecre7"))
        #expect(written.output.contains("API token"))
        #expect(written.output.contains(#"C:\my logs"#))
    }

    @Test("each setting of the portal's wizard is listed")
    func wizard() async throws {
        let written = try await run("init", "--output", folder.path("spool.yaml"), "--from-agent", agent)

        for place in [
            "url", "address", "header: time", "header: pri", "header: system_name", "format", "filters",
        ] {
            #expect(written.output.contains(place), "\(place)")
        }
    }

    static let wrong = [
        ("--token", "needs a value"), ("--tokn 5ecre7", "`--tokn` is not an argument"),
        ("5ecre7 --token a", "not an argument"), ("--token a --token 5ecre7", "twice"),
        ("--token a --proxy socks5://p", "--proxy"), ("--token '5ecre7", "quotation mark"),
        ("--proxy p:1", "`--token TOKEN` is missing"),
    ]

    @Test("unknown arguments are rejected; nothing is written and no token is shown", arguments: wrong)
    func refuses(_ arguments: String, _ words: String) async throws {
        let refused = try await run(
            "init",
            "--output",
            folder.path("spool.yaml"),
            "--from-agent",
            "java -jar agent.jar \(arguments)"
        )

        #expect(refused.code == 2)
        #expect(refused.errors.contains(words), "\(refused.errors)")
        #expect(!refused.errors.contains("5ecre7"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("an existing file is overwritten only with --force")
    func force() async throws {
        let file = try folder.write("mine", to: "spool.yaml")

        let refused = try await run("init", "--output", file, "--from-agent", agent)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let text = try folder.read("spool.yaml")
        let forced = try await run("init", "--output", file, "--force")

        #expect(refused.code == 2 && refused.errors.contains("--force"))
        #expect(files == ["spool.yaml"])
        #expect(text == "mine")
        #expect(forced.code == 0)
        #expect(try folder.read("spool.yaml").hasPrefix("# Configuration of spool."))
    }
}
