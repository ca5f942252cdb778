import SpoolCore
import Testing

@testable import SpoolConfig

@Suite struct PlaceholderTests {
    @Test("unchanged values of the example are reported with their positions")
    func found() throws {
        let text = """
            sources:
              - name: contoso
                url: https://contoso.us2.portal.cloudappsecurity.com
                auth: { tenant_id: 00000000-0000-0000-0000-000000000000 }
                proxy: http://proxy.example:3128
            sinks:
              - { name: siem, address: siem.example:6514 }
              - { name: pager, url: https://hooks.example/spool }
            """

        let file = try ConfigurationFile.parse(text: text, path: "spool.yaml", secrets: NoSecrets())
        let found = Placeholders.found(in: file.root)

        #expect(found.map { "\($0.line):\($0.column)" } == ["3:10", "4:24", "5:12", "7:28", "8:25"])
        #expect(found[0].message.contains("the address of your portal"))
        #expect(
            found[3].message
                == "`address: siem.example:6514` is a placeholder from the example: enter your own host"
        )
    }

    @Test(
        "values that an operator has entered are not reported",
        arguments: [
            "https://fabrikam.eu2.portal.cloudappsecurity.com", "siem.example.org:514", "siem.corp:514",
            "example",
            "file:/etc/example/token", "[2001:db8::1]:514", "my.example-host.corp:514", "",
        ]
    )
    func entered(value: String) throws {
        let file = try ConfigurationFile.parse(
            text: "address: \"\(value)\"\n",
            path: "spool.yaml",
            secrets: NoSecrets()
        )

        #expect(Placeholders.found(in: file.root).isEmpty)
    }
}

private struct NoSecrets: SecretLookup {
    func resolve(_ reference: String) throws(SecretFault) -> Secret { throw SecretFault("none") }
}
