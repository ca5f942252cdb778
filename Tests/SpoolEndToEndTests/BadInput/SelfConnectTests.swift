import SpoolTestSupport
import Testing

@Suite("a port without a listener", .enabled(if: SmallDisk.isPossible, SmallDisk.why))
struct SelfConnectTests {
    @Test("is refused even if the kernel would connect a client to itself, and no line counts as sent")
    func itself() async throws {
        try await Site.run(.busy(history: 0)) { site in
            try site.configure { $0.sinks = [.init("siem", port: 40_001)] }
            // In a private network namespace with this single client port, every connection to it reaches
            // itself.
            let script = """
                ip link set lo up && echo 40001 40001 > /proc/sys/net/ipv4/ip_local_port_range \
                && exec "$0" check --connect --config "$1"
                """
            let check = try await Child.answer(
                "unshare",
                ["--net", "sh", "-c", script, BuiltProduct.spool, site.configurationPath]
            )

            #expect(check.code == 3, "\(check)")
            #expect(check.output.contains("FAILED  sink siem"), "\(check)")
            #expect(check.output.contains("127.0.0.1:40001 refuses the connection"), "\(check)")
        }
    }
}
