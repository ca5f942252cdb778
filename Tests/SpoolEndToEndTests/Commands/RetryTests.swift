import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("spool retry", .daemons)
struct RetryTests {
    struct Retried: Decodable {
        struct Part: Decodable {
            let name: String
            let was_waiting: Bool
        }
        let sinks: [Part]
        let sources: [Part]
    }

    private func retried(_ answer: Answer) throws -> Retried {
        try JSONDecoder().decode(Retried.self, from: Data(answer.output.utf8))
    }

    @Test("ends the wait of a sink whose receiver is back, and events are delivered")
    func receiverIsBack() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let siem = try await site.receiver()
            try site.configure {
                $0.sinks = [.init("siem", port: siem.port), .init("other", port: siem.port)]
            }
            await siem.stop()
            let daemon = try await site.daemon()
            try await eventually("the wait has become long") {
                try await site.number("SELECT count(*) FROM sink WHERE attempts >= 4") == 2
            }
            try await siem.listenAgain()

            var wasWaiting = false
            while !wasWaiting {
                let answer = try await site.spool("retry", "--sink", "siem", "--json")
                #expect(answer.code == 0, "\(answer)")
                let told = try retried(answer)
                #expect(told.sinks.map(\.name) == ["siem"] && told.sources.isEmpty)
                let waiting = try await site.waiting("siem")
                wasWaiting = told.sinks[0].was_waiting || waiting == 0
            }
            try await site.drain("siem")
            let all = try await site.spool("retry", "--json")
            let text = try await site.spool("retry")
            let unknown = try await site.spool("retry", "--sink", "seim")
            try await daemon.terminate()

            let told = try retried(all)
            #expect(
                told.sinks.map(\.name).sorted() == ["other", "siem"] && told.sources.map(\.name) == ["tenant"]
            )
            #expect(text.output.contains("source tenant: not waiting for a retry"), "\(text)")
            #expect(unknown.code == 2 && unknown.errors.contains("no sink `seim`"), "\(unknown)")
        }
    }

    @Test("without a daemon it exits with code 3 and reports that there is nothing to retry")
    func noDaemon() async throws {
        try await Site.run(.busy(history: 1)) { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }

            let answer = try await site.spool("retry")

            #expect(answer.code == 3 && answer.errors.contains("no daemon is running"), "\(answer)")
        }
    }
}
