import SpoolConfig
import SpoolCore
import SpoolTestSupport
import Testing

@Suite("Commands without secrets")
struct SparingSecretsTests {
    private static let references = ["file:/nowhere/token", "credential:token", "${SPOOL_TOKEN}"]

    private func secrets(_ need: LenientSecrets.Need, _ environment: [String: String] = [:]) -> LenientSecrets
    {
        LenientSecrets(SystemSecrets(environment: environment), need: need)
    }

    @Test("where no secret is needed each unavailable one is replaced by a placeholder, and named once")
    func none() throws {
        let secrets = secrets(.none)

        for reference in Self.references + Self.references { _ = try secrets.resolve(reference) }

        #expect(secrets.spared == Self.references)
        #expect(secrets.isSparing)
    }

    @Test("available secrets are used nevertheless")
    func readable() throws {
        let secrets = secrets(.none, ["SPOOL_TOKEN": "hunter2"])

        #expect(try secrets.resolve("${SPOOL_TOKEN}").reveal() == "hunter2")
        #expect(secrets.spared.isEmpty)
    }

    @Test("where all secrets are needed an unavailable one is an error", arguments: references)
    func all(_ reference: String) {
        let secrets = secrets(.all)

        #expect(throws: SecretFault.self) { try secrets.resolve(reference) }
        #expect(secrets.spared.isEmpty && !secrets.isSparing)
    }

    @Test("only a credential is replaced where systemd gave none")
    func credentials() throws {
        let folder = try TemporaryFolder()
        let given = secrets(.allButCredentials, ["CREDENTIALS_DIRECTORY": folder.path])
        let shell = secrets(.allButCredentials)

        _ = try shell.resolve("credential:token")

        #expect(shell.spared == ["credential:token"])
        #expect(throws: SecretFault.self) { try shell.resolve("file:/nowhere/token") }
        #expect(throws: SecretFault.self) { try given.resolve("credential:token") }
    }

    @Test("a secret written in the file itself is still refused")
    func plain() {
        #expect(throws: SecretFault.self) { try secrets(.none).resolve("hunter2") }
    }
}
