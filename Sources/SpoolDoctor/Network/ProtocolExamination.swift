import SpoolCore
import SpoolNetwork

/// Determines whether a port that is configured for plain lines expects TLS.
struct ProtocolExamination {
    let peer: PeerExamination
    let way: Route

    func run() async -> [Finding] {
        let endpoint = way.endpoint
        let did = "sent 16 empty lines without TLS to \(endpoint)"
        do throws(NetworkCause) {
            let reaction = try await PlainProbe(way).react()
            switch reaction {
            case .silence:
                return [
                    peer.finding(
                        "protocol",
                        .ok,
                        did: did,
                        found: "they were accepted without a response, as expected of a receiver of lines"
                    )
                ]
            case .talk:
                return [
                    peer.finding(
                        "protocol",
                        .problem,
                        did: did,
                        found:
                            "\(endpoint) sends a response, which a syslog receiver does not do: another "
                            + "service listens there",
                        remedy: "Check the port of `address`."
                    )
                ]
            case .alert, .closed: return [try await wantsTLS(did, reaction)]
            }
        } catch {
            return [peer.problem("protocol", did: did, error)]
        }
    }

    /// Tries a TLS handshake, because the peer may be a TLS server.
    private func wantsTLS(_ did: String, _ reaction: PlainProbe.Reaction) async throws(NetworkCause)
        -> Finding
    {
        let seen = await TLSProbe(way, TLSSettings()).handshake(.recordingChain)
        let did = did + ", then started a TLS handshake"
        if reaction == .alert || !seen.chain.isEmpty || seen.failure == .clientCertificateRequired
            || seen.failure == .clientCertificateRefused || seen.failure == .noCommonTLS
        {
            return peer.finding(
                "protocol",
                .problem,
                did: did,
                found: "\(way.endpoint) expects TLS, but this sink sends plain lines, which it discards",
                remedy:
                    "Set `transport: tls` for this sink (with its CA as `tls.ca_file`), or use the "
                    + "receiver's port without TLS."
            )
        }
        if peer.plan.lines == .counted, try await PlainProbe(way, sendsLines: false).react() == .silence {
            return peer.finding(
                "protocol",
                .ok,
                did: did + ", then sent nothing",
                found:
                    "it closes the connection after a line without an octet count and keeps an idle one "
                    + "open, as a receiver with strict octet counting does"
            )
        }
        return peer.finding(
            "protocol",
            .problem,
            did: did,
            found: "\(way.endpoint) accepts the connection and closes it again",
            remedy: "Check the receiver's log: it may admit only certain addresses, or expect another "
                + "protocol or framing."
        )
    }
}
