import SpoolCore
import Testing

@Suite("Secrets")
struct SecretTests {
    private struct Settings {
        let token: Secret
        let optional: Secret?
        let list: [Secret]
    }

    @Test("a secret does not appear in any description, dump or mirror")
    func neverPrinted() {
        let secret = Secret("hunter2")
        let settings = Settings(token: secret, optional: secret, list: [secret])

        var dumped = ""
        dump(settings, to: &dumped)
        let texts = [
            "\(secret)", String(describing: settings), String(reflecting: settings),
            String(reflecting: secret), dumped,
            "\([secret: secret])",
        ]

        for text in texts { #expect(!text.contains("hunter2")) }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("a secret can be revealed explicitly")
    func reveals() {
        #expect(Secret("hunter2").reveal() == "hunter2")
        #expect(Secret("hunter2") == Secret("hunter2"))
        #expect(Secret("hunter2") != Secret("hunter3"))
    }
}
