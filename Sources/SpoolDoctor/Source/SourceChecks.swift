import Foundation
import SpoolCore
import SpoolNetwork

/// Checks token, rights, licence and clock with one small request per stream, through the source's own code.
struct SourceChecks {
    /// A clock difference from which a warning is given.
    ///
    /// Certificate checks and log times use this machine's clock.
    static let skewNotice = Duration.seconds(30)

    let source: any Source
    /// The timeout of a response; the source's own timeout is made for large pages.
    var timeout = Duration.seconds(30)
    let now: @Sendable () -> Timestamp

    private var subject: String { "source \(source.name)" }

    func run() async -> [Finding] {
        var findings: [Finding] = []
        var clock: Finding?
        for stream in source.streams {
            let did =
                "requested one record of \(stream.name) (one of \(source.requestsPerMinute) requests per "
                + "minute)"
            let asked = now()
            do throws(SourceFault) {
                let date = try await date(of: stream)
                findings.append(
                    Finding(
                        subject,
                        "token and rights for \(stream.name.stream)",
                        .ok,
                        did: did,
                        found: "the source responds"
                    )
                )
                // The response's date has no fractions; the middle of the exchange is the fairest comparison.
                let middle = asked + .milliseconds(now().since(asked).milliseconds / 2)
                clock = clock ?? self.clock(middle.since(date))
            } catch {
                findings.append(failure(error, stream, did))
                if error.kind == .incomplete { break }
            }
        }
        return findings + [licence(findings)].compactMap { $0 } + [clock].compactMap { $0 }
    }

    private func date(of stream: SourceStream) async throws(SourceFault) -> Timestamp {
        let (source, timeout) = (source, timeout)
        let result = await withTaskGroup(of: Result<Timestamp, SourceFault>.self) { group in
            group.addTask {
                do throws(SourceFault) {
                    return .success(try await source.date(for: stream))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                // Cancelled when the response has arrived.
                try? await Task.sleep(for: timeout)
                return .failure(Self.silence(source, timeout))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(Self.silence(source, timeout))
        }
        return try result.get()
    }

    private static func silence(_ source: any Source, _ timeout: Duration) -> SourceFault {
        SourceFault(
            .incomplete,
            "\(source.budgetKey) accepts the request but does not respond within \(Age.text(timeout)); "
                + "check `url` and the network path to it"
        )
    }

    /// Splits the fault into what the portal reports and what to do.
    private func failure(_ fault: SourceFault, _ stream: SourceStream, _ did: String) -> Finding {
        let isMomentary =
            switch fault.kind {
            case .throttled, .scanLost, .unended: true
            default: false
            }
        let halves = SentenceHalves(fault.description)
        return Finding(
            subject,
            fault.isAboutLicence ? "licence" : "token and rights for \(stream.name.stream)",
            isMomentary ? .warning : .problem,
            did: did,
            found: halves.found,
            remedy: halves.remedy ?? Self.remedy(fault.kind)
        )
    }

    private static func remedy(_ kind: SourceFault.Kind) -> String? {
        switch kind {
        case .throttled, .scanLost, .unended: "Wait a minute; the daemon does so automatically."
        case .incomplete, .tooLarge: "Try again; the daemon does so automatically, with smaller pages."
        case .nonsense: "Check `url`: Settings > Cloud Apps > About in the portal shows it."
        default: nil
        }
    }

    private func licence(_ findings: [Finding]) -> Finding? {
        guard findings.contains(where: { $0.verdict == .ok }) else { return nil }
        return Finding(
            subject,
            "licence",
            .ok,
            did: "used the portal's responses above",
            found: "the tenant has Defender for Cloud Apps"
        )
    }

    private func clock(_ skew: Duration) -> Finding {
        let size = skew < .zero ? .zero - skew : skew
        // With a slow clock, a certificate that has just been issued is not valid yet.
        let verdict: Finding.Verdict = size < Self.skewNotice ? .ok : size < .hours(1) ? .warning : .problem
        return Finding(
            subject,
            "clock",
            verdict,
            did: "compared this machine's clock with the `Date` header of the response",
            found: verdict == .ok
                ? "they agree (\(Age.text(size)) apart; the header has a resolution of one second)"
                : "this machine's clock is \(Age.text(size)) \(skew < .zero ? "slow" : "fast")",
            remedy: verdict == .ok
                ? nil
                : "Synchronize the clock with NTP (timedatectl set-ntp true). Fetching uses the source's "
                    + "time and is not affected; certificate checks, logs and waiting times use this clock."
        )
    }
}

extension SourceFault {
    /// True when the tenant has no licence, so that no token helps.
    var isAboutLicence: Bool { kind == .forbidden && description.contains("licence") }
}

/// Splits a message of the form "what happened; what to do" at its last semicolon.
struct SentenceHalves {
    let found: String
    let remedy: String?

    init(_ sentence: String) {
        let parts = sentence.components(separatedBy: "; ")
        guard parts.count > 1, let last = parts.last else {
            (found, remedy) = (sentence, nil)
            return
        }
        found = parts.dropLast().joined(separator: "; ")
        remedy = last.prefix(1).uppercased() + last.dropFirst() + "."
    }
}
