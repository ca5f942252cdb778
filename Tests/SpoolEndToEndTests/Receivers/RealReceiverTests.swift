import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("real receivers receive and parse every event completely", .daemons)
struct RealReceiverTests {
    @Test("rsyslog over TCP", arguments: ["lines", "octet-counting"])
    func rsyslogTCP(framing: String) async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await Rsyslog.start(.tcp, at: site)

            try await site.deliver(to: peer, .init("siem", port: peer.port, ["framing": framing]))

            try expectAll(try peer.seen(), of: site)
        }
    }

    @Test("rsyslog over TLS, with its certificate checked by name")
    func rsyslogTLS() async throws {
        try await Site.run(.difficult()) { site in
            let certificates = try await TestCertificates(in: site.folder)
            let peer = try await Rsyslog.start(.tls(certificates), at: site)
            let sink = SiteConfiguration.SinkText(
                "siem",
                "localhost:\(peer.port)",
                transport: "tls",
                ["tls": "{ ca_file: \(certificates.caFile) }"]
            )

            try await site.deliver(to: peer, sink)

            try expectAll(try peer.seen(), of: site)
        }
    }

    @Test("rsyslog over UDP, paced")
    func rsyslogUDP() async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await Rsyslog.start(.udp, at: site)

            try await site.deliver(to: peer, .init("siem", port: peer.port, transport: "udp"))

            try expectAll(try peer.seen(), of: site)
        }
    }

    @Test("syslog-ng's network() over TCP")
    func syslogNGOverTCP() async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await SyslogNG.start(.network, .tcp, at: site)

            try await site.deliver(to: peer, .init("siem", port: peer.port))

            try expectAll(try peer.seen(), of: site)
        }
    }

    @Test("syslog-ng's syslog() over TCP, with octet counting and an RFC 5424 header")
    func syslogNGOctetCounting() async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await SyslogNG.start(.syslog, .tcp, at: site)
            let keys = ["framing": "octet-counting", "envelope": "rfc5424"]

            try await site.deliver(to: peer, .init("siem", port: peer.port, keys))

            try expectAll(try peer.seen(), of: site, tag: "spool")
        }
    }

    @Test("syslog-ng over TLS, with both certificates checked")
    func syslogNGOverTLS() async throws {
        try await Site.run(.difficult()) { site in
            let certificates = try await TestCertificates(in: site.folder)
            let peer = try await SyslogNG.start(.network, .tls(certificates), at: site)
            let client = certificates.client
            let sink = SiteConfiguration.SinkText(
                "siem",
                "localhost:\(peer.port)",
                transport: "tls",
                [
                    "tls":
                        "{ ca_file: \(certificates.caFile), cert_file: \(client.certFile), "
                        + "key_file: \(client.keyFile) }"
                ]
            )

            try await site.deliver(to: peer, sink)

            try expectAll(try peer.seen(), of: site)
        }
    }

    @Test("syslog-ng over UDP, paced")
    func syslogNGOverUDP() async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await SyslogNG.start(.network, .udp, at: site)

            try await site.deliver(to: peer, .init("siem", port: peer.port, transport: "udp"))

            try expectAll(try peer.seen(), of: site)
        }
    }

    @Test(
        "rsyslog's JSON parser parses every record after every header",
        arguments: ["agent", "rfc3164", "rfc5424"]
    )
    func rsyslogJSON(envelope: String) async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await Rsyslog.startWithJSON(at: site)

            try await site.deliver(
                to: peer,
                .init("siem", port: peer.port, ["format": "json", "envelope": envelope])
            )

            try await expectAllRecords(try peer.seen(as: SeenRecord.self), of: site)
        }
    }

    @Test(
        "syslog-ng's JSON parser parses every record after every header that its input accepts",
        arguments: [
            (SyslogNG.Driver.network, "agent"), (.network, "rfc3164"), (.syslog, "rfc5424"),
        ]
    )
    func syslogNGJSON(driver: SyslogNG.Driver, envelope: String) async throws {
        try await Site.run(.difficult()) { site in
            let peer = try await SyslogNG.startWithJSON(driver, at: site)
            let framing = driver == .syslog ? "octet-counting" : "lines"
            let keys = ["format": "json", "envelope": envelope, "framing": framing]

            try await site.deliver(to: peer, .init("siem", port: peer.port, keys))

            try await expectAllRecords(try peer.seen(as: SeenRecord.self), of: site)
        }
    }

    /// Checks that each record arrived once, as JSON, with its host, and that exactly those are shortened
    /// that the spool lists.
    private func expectAllRecords(_ seen: [SeenRecord], of site: Site) async throws {
        let host = ProcessInfo.processInfo.hostName
        #expect(seen.count == site.visible.count)
        #expect(Set(seen.compactMap(\.id)) == site.visible)
        #expect(seen.allSatisfy { $0.host == host && $0.tag.hasPrefix("spool") })
        struct Shortened: Decodable { let id: String }
        let shortened = try await site.query("SELECT id FROM shortened", as: Shortened.self)
        #expect(Set(shortened.map(\.id)) == Set(seen.filter(\.isCut).compactMap(\.id)))
        #expect(shortened.contains { $0.id == DifficultRecords.tooLong })
        let trace = try await site.spool("trace", DifficultRecords.tooLong)
        #expect(trace.output.contains("SHORTENED"), "\(trace)")
    }

    /// Compares the lines of a receiver with the portal's own list: ids, host, priority and class as the
    /// receiver parsed them, and each field of each line, as parsed by a CEF parser, with the raw record.
    private func expectAll(_ seen: [SeenLine], of site: Site, tag: String = "CEF") throws {
        let host = ProcessInfo.processInfo.hostName
        var came: [String: Int] = [:]
        var cut = 0
        for seen in seen {
            let line = try CEFParser.parse(seen.raw)
            let id = try #require(line["externalId"])
            came[id, default: 0] += 1
            let alert = site.simulator.raw(id: id, in: .alerts)
            let raw = try #require(alert ?? site.simulator.raw(id: id, in: .activities))
            let expected = try alert == nil ? ExpectedLine(activity: raw) : ExpectedLine(alert: raw)
            let isCut = seen.raw.utf8.count > 7_900
            if isCut { cut += 1 }

            #expect(expected.differences(line, isCut: isCut).isEmpty, "\(id)")
            #expect(seen.class == expected.eventClass)
            #expect(seen.host == host)
            #expect(seen.pri == "109")
            #expect(seen.tag.hasPrefix(tag))
            #expect(seen.raw.utf8.count <= 8_096)
        }
        #expect(Set(came.keys) == site.visible)
        #expect(came.values.allSatisfy { $0 == 1 })
        #expect(came[DifficultRecords.tooLong] == 1)
        #expect(cut == 1)
    }
}

extension Site {
    /// Runs a daemon until the receiver has every event of the portal, then stops it.
    fileprivate func deliver(to peer: Peer, _ sink: SiteConfiguration.SinkText) async throws {
        simulator.insert(try DifficultRecords.all(now: simulator.clock.nowMs), into: .activities)
        try configure { $0.sinks = [sink] }
        let daemon = try await daemon()
        let visible = try await fetchAll()
        try await peer.waitFor(lines: visible.count)
        try await drain(sink.name)
        let status = try await daemon.terminate()
        #expect(status == .exited(0))
    }
}

extension SimulatorConfiguration {
    /// Every kind of record that the simulator generates, including one of 200 KB.
    fileprivate static func difficult() -> SimulatorConfiguration {
        var configuration = busy(history: 600)
        configuration.activitiesPerLargeOne = 300
        return configuration
    }
}
