import SpoolCore
import SpoolNetwork
import X509

/// Checks which of the eight Azure TLS issuing authorities of the old run-book are trusted here, and why.
struct AuthorityChecks {
    let subject: String
    let plan: ConnectionPlan
    let settings: TLSSettings
    let now: @Sendable () -> Timestamp

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
        let roots =
            "\(trusted.certificates.count) authorities are trusted"
            + (trusted.systemFile.map { " (\($0))" } ?? "; this machine has no system roots")
        let eight = AuthorityTrust.sentences(of: KnownAuthorities.runBook, trusted, now()).joined(
            separator: "; "
        )
        if trusted.hasRoot(named: KnownAuthorities.root) {
            return Finding(
                subject,
                "Azure authorities",
                .ok,
                did: did,
                found:
                    "\(roots); \(eight); their successors signed by \"\(KnownAuthorities.root)\" are "
                    + "trusted, too: none has to be added"
            )
        }
        let isNeeded = KnownAuthorities.isServed(plan.endpoint.host)
        return Finding(
            subject,
            "Azure authorities",
            isNeeded ? .problem : .warning,
            did: did,
            found:
                "\(roots); \(eight); \"\(KnownAuthorities.root)\", which signs them and their successors, "
                + "is not trusted",
            remedy: "Install the system's roots (apt install ca-certificates), or get that root from "
                + "\(KnownAuthorities.rootAddress) and set `tls.ca_file` to it, not to the eight, which "
                + "expire. Current authorities: \(KnownAuthorities.list)"
        )
    }
}

/// Why an authority is trusted here, or that it is not.
private enum AuthorityTrust: Equatable {
    case byItself
    case byRoot
    case none

    init(_ authority: KnownAuthorities.Issuing, _ trusted: TrustStore) {
        if trusted.certificates.contains(where: { $0.subject.words == authority.name }) {
            self = .byItself
        } else {
            self = trusted.hasRoot(named: KnownAuthorities.root) ? .byRoot : .none
        }
    }

    private var words: String {
        switch self {
        case .byItself: "trusted directly"
        case .byRoot: "trusted through \"\(KnownAuthorities.root)\""
        case .none: "not trusted"
        }
    }

    /// One sentence per series of authorities with the same expiry date and the same trust.
    ///
    /// The sentence contains the numbers, because the portal's certificate names one of them and operators
    /// search for it.
    static func sentences(
        of authorities: [KnownAuthorities.Issuing],
        _ trusted: TrustStore,
        _ now: Timestamp
    ) -> [String] {
        var groups: [(series: Substring, until: String, trust: AuthorityTrust, numbers: [Substring])] = []
        for authority in authorities {
            let (series, number) = (authority.name.dropLast(2), authority.name.suffix(2))
            let trust = AuthorityTrust(authority, trusted)
            let place = groups.firstIndex {
                $0.series == series && $0.until == authority.until && $0.trust == trust
            }
            if let place {
                groups[place].numbers.append(number)
            } else {
                groups.append((series, authority.until, trust, [number]))
            }
        }
        let today = now.description.prefix(10)
        return groups.map { group in
            let end = group.until < today ? "expired on \(group.until)" : "until \(group.until)"
            return "\(group.series)\(group.numbers.joined(separator: ", ")) (\(end)): \(group.trust.words)"
        }
    }
}
