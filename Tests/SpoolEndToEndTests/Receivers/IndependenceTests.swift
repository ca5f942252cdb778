import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("a fault of one part does not affect the others", .daemons)
struct IndependenceTests {
    /// Possible faults of the first sink.
    enum Trouble: String, CaseIterable {
        case isDown = "is down"
        case neverReads = "accepts and never reads"
        case isWronglySetUp = "is wrongly set up"
    }

    @Test("fetching and a second sink continue while the first sink", arguments: Trouble.allCases)
    func secondSink(_ trouble: Trouble) async throws {
        try await Site.run(.busy(history: 1_500, rate: 20)) { site in
            let certificates = try await TestCertificates(in: site.folder)
            let (first, sink) = try await Self.first(trouble, site, certificates)
            let second = try await site.receiver()
            try site.configure { $0.sinks = [sink, .init("second", port: second.port)] }
            let daemon = try await site.daemon()

            try await second.await(ids: 2_000)
            let firstHad = first.counts.ids
            let waiting = try await site.waiting("first")
            let visible = try await site.fetchAll()
            try await site.drain("second")
            let status = try await site.spool("status")

            // Without the fault, the first one receives everything, too.
            switch trouble {
            case .isDown: try await first.restart()
            case .neverReads: first.setReading(true)
            case .isWronglySetUp:
                try site.configure { $0.sinks[0].keys["tls"] = "{ ca_file: \(certificates.caFile) }" }
                try daemon.send(.terminalClosed)
            }
            try await first.await(ids: visible.count)
            try await site.drain("first")
            let end = try await daemon.terminate()

            #expect(firstHad < 2_000 && waiting > 0)
            #expect(Set(second.ids.keys) == visible)
            #expect(second.counts.duplicates == 0)
            #expect(Set(first.ids.keys) == visible)
            #expect(status.code == 0 && status.output.contains("first"), "\(status)")
            #expect(end == .exited(0))
        }
    }

    @Test("a receiver whose certificate is for another host receives nothing, and the sink shows why")
    func wrongHost() async throws {
        try await Site.run(.busy(history: 100)) { site in
            let certificates = try await TestCertificates(in: site.folder)
            let pair = certificates.wrongHost
            let tls = ReceiverTLS(certificateFile: pair.certFile, keyFile: pair.keyFile)
            let receiver = try await site.receiver(.keeping(.tls(tls)))
            try site.configure {
                let keys = ["tls": "{ ca_file: \(certificates.caFile) }"]
                $0.sinks = [.init("siem", "localhost:\(receiver.port)", transport: "tls", keys)]
            }

            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await eventually("the sink is held") {
                try await site.number("SELECT count(*) FROM sink WHERE state = 'held'") == 1
            }
            let status = try await site.spool("status")
            try await daemon.terminate()

            #expect(receiver.counts.messages == 0)
            #expect(status.output.contains("held") && status.output.contains("certificate"), "\(status)")
        }
    }

    private static func first(
        _ trouble: Trouble,
        _ site: Site,
        _ certificates: TestCertificates
    ) async throws -> (Receiver, SiteConfiguration.SinkText) {
        switch trouble {
        case .isDown:
            let receiver = try await site.receiver()
            await receiver.stop()
            return (receiver, .init("first", port: receiver.port))
        case .neverReads:
            var configuration = ReceiverConfiguration.keeping()
            configuration.isReading = false
            configuration.receiveBuffer = 32 << 10
            let receiver = try await site.receiver(configuration)
            return (receiver, .init("first", port: receiver.port))
        case .isWronglySetUp:
            let pair = certificates.server
            let tls = ReceiverTLS(certificateFile: pair.certFile, keyFile: pair.keyFile)
            let receiver = try await site.receiver(.keeping(.tls(tls)))
            // The wrong authority: this receiver's certificate is not signed by it.
            let keys = ["tls": "{ ca_file: \(certificates.stranger.certFile) }"]
            return (receiver, .init("first", "localhost:\(receiver.port)", transport: "tls", keys))
        }
    }
}
