import SpoolCore
import SpoolNetwork
import X509

/// Which of the eight Azure TLS issuing authorities of the old run-book are trusted here, and by what.
struct AuthorityChecks {
    let subject: String
    let plan: ConnectionPlan
    let settings: TLSSettings

    func run() -> Finding {
        let did =
            "looked for the eight issuing CAs of the old agent's run-book among the system's roots and "
            + "`tls.ca_file`"
        do {
            return finding(TrustStore(try TrustedRoots(settings)), did)
        } catch {
            return Finding(subject, "Azure authorities", .problem, did: did, found: "\(error)")
        }
    }

    func finding(_ trusted: TrustStore, _ did: String) -> Finding {
        let byHand = KnownAuthorities.runBook.filter { authority in
            trusted.added.contains { $0.subject.words == authority.name }
        }
        let hasRoot = trusted.hasRoot(named: KnownAuthorities.root)
        let roots =
            "\(trusted.certificates.count) authorities are trusted"
            + (trusted.systemFile.map { " (\($0))" } ?? "; this machine has no roots of its own")
        let added =
            byHand.isEmpty ? "" : "; `tls.ca_file` holds \(byHand.map(\.name).joined(separator: ", "))"
        if hasRoot {
            return Finding(
                subject,
                "Azure authorities",
                .ok,
                did: did,
                found: "\(roots)\(added); all eight (Microsoft Azure TLS Issuing CA 01, 02, 05, 06, until "
                    + "2024-06-27; Microsoft Azure RSA TLS Issuing CA 03, 04, 07, 08, until 2026-08-25) are signed by "
                    + "\"\(KnownAuthorities.root)\", which is trusted, as are their successors: none has to be added"
            )
        }
        let isNeeded = KnownAuthorities.isServed(plan.endpoint.host)
        return Finding(
            subject,
            "Azure authorities",
            isNeeded ? .problem : .warning,
            did: did,
            found:
                "\(roots)\(added); \"\(KnownAuthorities.root)\", which signs all eight and their successors, is not "
                + "among them",
            remedy: "Install the system's roots (apt install ca-certificates), or get that root from "
                + "\(KnownAuthorities.rootAddress) and name it as `tls.ca_file`; the eight themselves are not enough, and "
                + "have expired. Today's authorities: \(KnownAuthorities.list)"
        )
    }
}
