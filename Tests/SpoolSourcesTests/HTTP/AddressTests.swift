import SpoolCore
import SpoolNetwork
import Testing

@Suite("URLs and proxies")
struct AddressTests {
    @Test(
        "a base URL is normalized",
        arguments: [
            (
                "https://Contoso.US2.portal.cloudappsecurity.com",
                "https://contoso.us2.portal.cloudappsecurity.com"
            ),
            ("https://a.example:443/", "https://a.example"),
            ("HTTPS://a.example:8443/cas//", "https://a.example:8443/cas"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"), ("http://localhost/", "http://localhost"),
            ("http://[::1]:81", "http://[::1]:81"), ("https://[2001:DB8::1]/x", "https://[2001:db8::1]/x"),
            ("http://127.8.9.1", "http://127.8.9.1"),
        ]
    )
    func readsURLs(text: String, expected: String) throws {
        #expect(try BaseURL(text).description == expected)
    }

    @Test(
        "a URL that would fail, or send the token unencrypted, is rejected",
        arguments: [
            ("", "expected a URL"), ("contoso.example", "expected a URL"),
            ("ftp://a.example", "expected a URL"),
            ("https://", "host is missing"), ("https:///path", "host is missing"),
            ("http://a.example", "only for addresses of this machine"),
            ("http://127.example.com", "only for addresses of this machine"),
            ("http://[2001:db8::1]", "only for addresses of this machine"),
            ("http://localhost.example", "only for addresses of this machine"),
            ("https://a.example:0", "port"), ("https://a.example:65536", "port"),
            ("https://a.example:x", "port"),
            ("https://user:secret@a.example", "credentials"), ("https://a.example/?q=1", "query"),
            ("https://a example", "whitespace"), ("https://2001:db8::1/", "brackets"),
            ("https://[::1", "`]`"),
            ("https://[::1]x", "`]`"),
        ]
    )
    func refusesURLs(text: String, reason: String) {
        let problem = #expect(throws: AddressProblem.self) { try BaseURL(text) }
        #expect(problem?.description.contains(reason) == true)
        #expect(problem?.description.contains("secret") == false)
    }

    @Test(
        "a proxy's address",
        arguments: [
            ("http://proxy.example:3128", "proxy.example:3128", nil, nil),
            ("proxy.example", "proxy.example:8080", nil, nil),
            ("http://u:p@proxy.example:1", "proxy.example:1", "u", "p"),
            ("http://u@[::1]:2/", "[::1]:2", "u", ""),
            ("http://a%20b:%C3%A9%40%3A%2F@Proxy.Example:3128", "proxy.example:3128", "a b", "é@:/"),
        ] as [(String, String, String?, String?)]
    )
    func readsProxies(text: String, address: String, user: String?, password: String?) throws {
        let proxy = try ProxyAddress(text)
        #expect(proxy.description == address)
        #expect(proxy.user == user)
        #expect(proxy.password?.reveal() == password)
    }

    @Test(
        "an unusable proxy is rejected without showing its password",
        arguments: [
            "https://proxy.example", "socks5://proxy.example", "http://u:secret@",
            "http://:secret@proxy.example",
            "http://u:secret%zz@proxy.example", "http://u:secret@proxy.example:0",
            "http://proxy.example/path", "",
        ]
    )
    func refusesProxies(text: String) {
        let problem = #expect(throws: AddressProblem.self) { try ProxyAddress(text) }
        #expect(problem?.description.contains("secret") == false)
    }

    @Test(
        "NO_PROXY excludes hosts, domains and ports from HTTPS_PROXY",
        arguments: [
            ("", true), ("other.example", true), ("contoso.portal.example", false),
            (".portal.example", false),
            ("portal.example", false), ("*.portal.example", false), ("ortal.example", true),
            ("a, PORTAL.example ,b", false),
            ("*", false), ("portal.example:443", false), ("portal.example:8443", true),
            ("contoso.portal.example.", true),
        ]
    )
    func honoursExceptions(exceptions: String, isProxied: Bool) throws {
        let url = try BaseURL("https://contoso.portal.example")
        let route = try ProxyRoute(environment: [
            "HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": exceptions,
        ])
        #expect((route.proxy(for: url) != nil) == isProxied)
    }

    @Test("lower-case names apply, too; `http://` to this machine and an empty environment connect directly")
    func readsEnvironment() throws {
        let small = try ProxyRoute(environment: ["https_proxy": "proxy.example:1", "no_proxy": "x.example"])
        #expect(small.proxy(for: try BaseURL("https://a.example"))?.description == "proxy.example:1")
        #expect(small.proxy(for: try BaseURL("https://x.example")) == nil)
        #expect(small.proxy(for: try BaseURL("http://127.0.0.1:1")) == nil)
        #expect(try ProxyRoute(environment: [:]).proxy(for: try BaseURL("https://a.example")) == nil)
        #expect(
            try ProxyRoute(environment: ["NO_PROXY": "[::1]:443", "HTTPS_PROXY": "p"]).proxy(
                for: try BaseURL("https://[::1]")
            ) == nil
        )
    }

    @Test("a configured proxy is used for everything, whatever the environment excludes")
    func prefersConfiguration() throws {
        let route = ProxyRoute(configured: try ProxyAddress("proxy.example:1"))
        #expect(route.proxy(for: try BaseURL("http://127.0.0.1"))?.host == "proxy.example")
    }
}
