import SpoolConfig
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Doing without secrets")
struct SparingSecretsTests {
    private static let references = ["file:/nowhere/token", "credential:token", "${SPOOL_TOKEN}"]

    private func secrets(_ need: SparingSecrets.Need, _ environment: [String: String] = [:]) -> SparingSecrets
    {
        SparingSecrets(SystemSecrets(environment: environment), need: need)
    }

    @Test("where none is needed each that cannot be had is stood in for, and named once")
    func none() throws {
        let secrets = secrets(.none)

        for reference in Self.references + Self.references { _ = try secrets.resolve(reference) }

        #expect(secrets.spared == Self.references)
        #expect(secrets.isSparing)
    }

    @Test("what can be had is used all the same")
    func readable() throws {
        let secrets = secrets(.none, ["SPOOL_TOKEN": "hunter2"])

        #expect(try secrets.resolve("${SPOOL_TOKEN}").reveal() == "hunter2")
        #expect(secrets.spared.isEmpty)
    }

    @Test("where all are needed none is spared", arguments: references)
    func all(_ reference: String) {
        let secrets = secrets(.all)

        #expect(throws: SecretFault.self) { try secrets.resolve(reference) }
        #expect(secrets.spared.isEmpty && !secrets.isSparing)
    }

    @Test("a credential is spared where systemd gave none, and nothing else is")
    func credentials() throws {
        let folder = try TemporaryFolder()
        let given = secrets(.allButCredentials, ["CREDENTIALS_DIRECTORY": folder.path])
        let shell = secrets(.allButCredentials)

        _ = try shell.resolve("credential:token")

        #expect(shell.spared == ["credential:token"])
        #expect(throws: SecretFault.self) { try shell.resolve("file:/nowhere/token") }
        #expect(throws: SecretFault.self) { try given.resolve("credential:token") }
    }

    @Test("a secret that stands in the file itself is refused as ever")
    func plain() {
        #expect(throws: SecretFault.self) { try secrets(.none).resolve("hunter2") }
    }
}
