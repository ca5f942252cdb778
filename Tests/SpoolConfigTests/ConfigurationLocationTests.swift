import SpoolConfig
import Testing

@Suite("Finding the configuration file")
struct ConfigurationLocationTests {
    private func find(_ option: String?, _ variable: String?, existing: Set<String>) throws -> String {
        try ConfigurationLocation.find(
            option: option,
            environment: variable.map { ["SPOOL_CONFIG": $0] } ?? [:],
            exists: existing.contains
        )
    }

    @Test("the option comes first, then the variable, then the default paths")
    func order() throws {
        let all: Set<String> = ["./spool.yaml", "/etc/spool/spool.yaml"]

        #expect(try find("/a.yaml", "/b.yaml", existing: all) == "/a.yaml")
        #expect(try find(nil, "/b.yaml", existing: all) == "/b.yaml")
        #expect(try find(nil, "", existing: all) == "./spool.yaml")
        #expect(try find(nil, nil, existing: ["/etc/spool/spool.yaml"]) == "/etc/spool/spool.yaml")
    }

    @Test("without a file the message names the searched paths and what to do")
    func missing() {
        let fault = #expect(throws: ConfigurationFault.self) { try find(nil, nil, existing: []) }

        for word in ["./spool.yaml", "/etc/spool/spool.yaml", "spool init", "--config", "SPOOL_CONFIG"] {
            #expect(fault?.description.contains(word) == true)
        }
    }
}
