import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("each problem of the old agent's troubleshooting page", .daemons)
struct TroubleshootingTests {
    private static let table = TroubleTable()

    @Test("the page has exactly one row for each problem")
    func complete() {
        #expect(Set(Self.table.problems) == Set(Trouble.allCases.map(\.rawValue)))
        #expect(Self.table.problems.count == Trouble.allCases.count)
    }

    @Test("is reported in the words of its row, including the remedy", arguments: Trouble.allCases)
    func told(_ trouble: Trouble) async throws {
        let messages = try #require(Self.table.rows[trouble.rawValue])
        #expect(!messages.isEmpty)

        let shown = try await trouble.provoke()

        for message in messages {
            let output = try #require(shown[message.command], "\(message.command)")
            #expect(message.occurs(in: output), "\(message)\nnot in\n\(output)")
        }
    }
}

@Suite("the doctor with a real installation", .daemons)
struct DoctorCommandTests {
    @Test(
        "without problems: exit code 0, each check in JSON; a real rsyslog receives no line from the doctor"
    )
    func well() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let rsyslog = try await Rsyslog.start(.tcp, at: site)
            try site.configure { $0.sinks = [.init("siem", port: rsyslog.port)] }
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await rsyslog.waitFor(lines: visible.count)

            let doctor = try await site.spool("doctor", "--json")

            #expect(doctor.code == 0, "\(doctor)")
            struct Report: Decodable {
                struct Finding: Decodable {
                    let subject, check, verdict, did, found: String
                }
                let findings: [Finding]
            }
            let report = try Self.decode(Report.self, doctor.output)
            #expect(report.findings.allSatisfy { !$0.did.isEmpty && !$0.found.isEmpty })
            // Temporary folders in memory cause a separate warning.
            let others = report.findings.filter { $0.check != "file system" }
            #expect(Set(others.map(\.verdict)) == ["ok"])
            #expect(
                Set(report.findings.map(\.subject)) == ["machine", "spool", "source tenant", "sink siem"]
            )
            #expect(report.findings.contains { $0.check == "lock" && $0.found.contains("(spool run)") })
            // A later line proves that everything the doctor sent has been read.
            site.simulator.insert(
                .init(id: "after-the-doctor", created: site.simulator.clock.nowMs),
                into: .activities
            )
            try await rsyslog.waitFor(lines: visible.count + 1)
            #expect(try rsyslog.seen().count == visible.count + 1)
            try await daemon.terminate()
        }
    }

    @Test("damage inside the file that a start does not notice is found and reported as a problem")
    func damage() async throws {
        try await Site.run(.busy(history: 500)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            try await daemon.terminate()
            let root = try await site.number(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'event_occurred'"
            )
            try Self.overwrite(page: root, of: site.spoolPath)

            let doctor = try await site.spool("doctor")

            #expect(doctor.code == 1, "\(doctor)")
            #expect(doctor.output.contains("PROBLEM  structure: the file is damaged"), "\(doctor)")
            #expect(doctor.output.contains("restore a backup"), "\(doctor)")
            #expect(doctor.output.contains("WARNING  lock: no process: no daemon is running"), "\(doctor)")
        }
    }

    @Test("permissions that expose the spool or a secret are reported with the command that fixes them")
    func permissions() async throws {
        try await Site.run(.busy(history: 10)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            try site.folder.write(try site.folder.read("token"), to: "token", permissions: 0o644)
            try site.folder.write(
                try site.folder.read("spool.yaml"),
                to: "spool.yaml",
                permissions: 0o666
            )

            let open = try await site.spool("doctor")
            try site.folder.write(try site.folder.read("spool.yaml"), to: "spool.yaml")
            let closed = try await site.spool("doctor")

            #expect(open.code == 1)
            #expect(open.output.contains("do:  chmod o-w \(site.configurationPath)"), "\(open)")
            #expect(closed.code == 0)
            #expect(closed.output.contains("WARNING  configuration"), "\(closed)")
            #expect(closed.output.contains("chmod o-r \(site.folder.path("token"))"), "\(closed)")
        }
    }
}

extension DoctorCommandTests {
    private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    private static func overwrite(page: Int, of path: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: UInt64(page - 1) * 8_192)
        try file.write(contentsOf: Data(repeating: 0x2A, count: 8_192))
        try file.close()
    }
}
