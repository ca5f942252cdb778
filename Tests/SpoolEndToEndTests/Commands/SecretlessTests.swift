import Foundation
import SpoolReceiver
import SpoolTestSupport
import Testing

@Suite("an operator without access to the secrets", .daemons)
struct SecretlessTests {
    @Test(
        "can read the spool and have the daemon run replays; only commands that query the portal need them"
    )
    func operates() async throws {
        try await Site.run { site in
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()
            try await siem.waitFor(messages: 10)
            try FileManager.default.removeItem(atPath: site.folder.path("token"))

            for command in [
                ["status"], ["status", "--json"], ["query", "select * from backlog"], ["replay", "list"],
                ["replay", "--from", "1d", "--to", "1m", "--dry-run"], ["dead", "list"],
            ] {
                let answer = try await Child.answer(
                    BuiltProduct.spool,
                    command + ["--config", site.configurationPath],
                    folder: site.folder.path
                )
                #expect(answer.code == 0, "\(command): \(answer)")
            }
            let check = try await site.spool("check")
            #expect(check.code == 2 && check.errors.contains("cannot read"), "\(check)")

            try await daemon.terminate()
            let direct = try await site.spool("replay", "--from", "1d", "--to", "1m", "--dry-run")
            #expect(direct.code == 2 && direct.errors.contains("cannot read"), "\(direct)")
        }
    }

    @Test("`check` from a shell accepts a systemd credential and reports that it was not checked")
    func credential() async throws {
        try await Site.run { site in
            try site.configure { $0.sinks = [.init("siem", port: 1)] }
            let text = try site.folder.read("spool.yaml")
            let named = text.replacing(/token: file:\S+/, with: "token: credential:token")
            try #require(named != text)
            try site.folder.write(named, to: "spool.yaml")

            let check = try await site.spool("check")
            #expect(check.code == 0, "\(check)")
            #expect(
                check.output.contains("not checked: credential:token is available only to the daemon"),
                "\(check)"
            )

            let connect = try await site.spool("check", "--connect")
            #expect(connect.code == 2 && connect.errors.contains("systemd-run"), "\(connect)")
        }
    }
}
