import SpoolConfig
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Looking up secrets")
struct SystemSecretsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func secrets(_ environment: [String: String] = [:]) -> SystemSecrets {
        SystemSecrets(environment: environment)
    }

    private func fault(_ reference: String, _ environment: [String: String] = [:]) -> String? {
        #expect(throws: SecretFault.self) { try secrets(environment).resolve(reference) }?.description
    }

    @Test("`${NAME}` is an environment variable")
    func variable() throws {
        #expect(try secrets(["TOKEN_1": "hunter2"]).resolve("${TOKEN_1}").reveal() == "hunter2")
    }

    @Test(
        "`file:` is the content of a file, without its line end",
        arguments: ["hunter2", "hunter2\n", "hunter2\r\n\n"]
    )
    func file(content: String) throws {
        let path = try folder.write(content, to: "token")

        #expect(try secrets().resolve("file:\(path)").reveal() == "hunter2")
    }

    @Test("spaces inside and around a secret are kept")
    func blanks() throws {
        let path = try folder.write(" pass word \n", to: "token")

        #expect(try secrets().resolve("file:\(path)").reveal() == " pass word ")
    }

    @Test("`credential:` is a file in systemd's credentials folder")
    func credential() throws {
        try folder.write("hunter2\n", to: "token")

        let secret = try secrets(["CREDENTIALS_DIRECTORY": folder.path]).resolve("credential:token")

        #expect(secret.reveal() == "hunter2")
    }

    @Test("every lookup reads again, so that a reload picks up a rotated secret")
    func rotation() throws {
        let path = try folder.write("old\n", to: "token")
        let secrets = secrets()
        let old = try secrets.resolve("file:\(path)")

        try folder.write("new\n", to: "token")
        let new = try secrets.resolve("file:\(path)")

        #expect([old.reveal(), new.reveal()] == ["old", "new"])
    }

    @Test("a file that every user can read is used, with one warning")
    func worldReadable() throws {
        let open = try folder.write("hunter2\n", to: "open", permissions: 0o644)
        let closed = try folder.write("hunter2\n", to: "closed", permissions: 0o640)
        let secrets = secrets()

        for path in [open, open, closed] { _ = try secrets.resolve("file:\(path)") }

        #expect(
            secrets.warnings == [
                "\(open) contains a secret and is readable by every user; run `chmod o-r \(open)`"
            ]
        )
    }

    @Test(
        "an unavailable secret is explained",
        arguments: [
            ("${TOKEN}", "the environment variable `TOKEN` is not set"),
            ("${EMPTY}", "the environment variable `EMPTY` is empty"),
            ("${TOKEN", "expected `${NAME}` with the name of an environment variable"),
            ("${A}${B}", "expected `${NAME}` with the name of an environment variable"),
            ("${}", "expected `${NAME}` with the name of an environment variable"),
            ("file:", "`file:` must be followed by the path of a file"),
            ("file:/absent/token", "cannot read /absent/token: there is no such file"),
            ("file:/", "cannot read /: it is a folder"),
            ("file:/dev/zero", "cannot read /dev/zero: it is larger than 64 KiB"),
            ("credential:token", "whose unit has `LoadCredential=token:/path`"),
            ("credential:../token", "without a path"),
            ("credential:", "without a path"),
            ("hunter2", "write a secret as"),
        ]
    )
    func faults(reference: String, reason: String) {
        #expect(fault(reference, ["EMPTY": " "])?.contains(reason) == true)
    }

    @Test(
        "a file that is empty or has several lines is refused, without showing its content",
        arguments: ["", "\n", "hunter2\nhunter3\n", "hunter2\u{0}"]
    )
    func badContent(content: String) throws {
        let path = try folder.write(content, to: "token")

        let message = try #require(fault("file:\(path)"))

        #expect(message.contains(path))
        #expect(!message.contains("hunter"))
    }

    @Test("problems with secrets have positions, and never show a secret")
    func inFile() throws {
        let path = try folder.write("hunter2\n", to: "token")
        let text = "a: file:\(path)\nb: hunter3\ntoken: hunter4\n"
        let file = try ConfigurationFile.parse(text: text, path: "spool.yaml", secrets: secrets())

        let fault = #expect(throws: ConfigurationFault.self) {
            try file.settings { root, problems -> Secret? in
                guard var group = ConfigurationMapping(root, problems: problems) else { return nil }
                let first = group.take("a")?.secret(problems)
                _ = group.take("b")?.secret(problems)
                _ = group.take("token")?.secret(problems)
                group.finish()
                #expect(first?.reveal() == "hunter2")
                return first
            }
        }

        let shown = try #require(fault).description
        #expect(fault?.problems.map(\.line) == [2, 3])
        #expect(!shown.contains("hunter2") && !shown.contains("hunter4"))
    }
}
