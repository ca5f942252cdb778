import ArgumentParser
import Foundation
import SpoolCore
import SpoolReceiver
import UnixSignals

/// `spool listen`.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Acts as a SIEM: receives, prints and counts events to check delivery.",
        discussion: """
            TCP and TLS accept lines and octet-counted messages; http accepts lines in POST bodies; relp \
            acknowledges each message. A message is printed before it is acknowledged; if it cannot be \
            printed, the command ends. Without --cert a self-signed certificate is generated for TLS; \
            --write-cert FILE saves it for senders (tls: { ca_file: FILE }). When the command ends, after \
            Ctrl-C or --once, it prints a summary: how many events were received, which ids were repeated, \
            and which numbers are missing if lines carry a sequenceId (RFC 5424).

            Example: spool listen tcp://127.0.0.1:1514 --once 1
            """
    )

    enum Form: String, CaseIterable, ExpressibleByArgument { case line, compact, none }

    @Argument(
        help: "scheme://host:port with tcp, tls, udp, http, https, relp or relp+tls; port 0 picks a free one."
    )
    var address = "tcp://127.0.0.1:1514"

    @Option(help: "What to print per event: line (as received, the default), compact, or none.")
    var print: Form?

    @Flag(
        help:
            "Print one JSON object per line, the summary last; with --print none only the summary."
    )
    var json = false

    @Option(help: "Exit after this many events, at least 1.")
    var once: Int?

    @Option(help: ArgumentHelp("PEM file with the server certificate.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("PEM file with the private key of the certificate.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("Require client certificates issued by these authorities.", valueName: "file"))
    var clientCA: String?

    @Option(
        help: ArgumentHelp(
            "Write the generated certificate to this file, for senders to trust.",
            valueName: "file"
        )
    )
    var writeCert: String?

    func validate() throws {
        if let once { try NumberOption.check("--once", once, 1...Int(Int32.max)) }
        if json, let print, print != Form.none {
            throw ValidationError("--json and --print \(print) are mutually exclusive; --json prints objects")
        }
        guard (cert == nil) == (key == nil) else {
            throw ValidationError("--cert and --key must be used together")
        }
        if writeCert != nil, cert != nil {
            throw ValidationError(
                "--write-cert saves the generated certificate and cannot be used with --cert"
            )
        }
    }

    func run() async throws {
        guard let wanted = ListenTarget(address) else {
            let schemes = ListenTarget.Transport.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(
                .wrongUse,
                "\(address): not an address; examples: tcp://127.0.0.1:1514, tls://[::1]:6514 (schemes: "
                    + "\(schemes))"
            )
        }
        let certificate = try selfMade(for: wanted)
        let printer = EventPrinter(form, wanted: once, isTerminal: Output.isTerminal)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let receiver = try await start(wanted, certificate, printer)
        let target = wanted.at(port: receiver.port)
        Output.error("listening on \(target)" + (certificate.map { ", certificate \($0.fingerprint)" } ?? ""))

        let wasStopped = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signals { break }
                return true
            }
            group.addTask {
                await printer.done.changed(after: 0)
                return false
            }
            group.addTask {
                await Output.readerGone()
                return false
            }
            if json || form == .nothing {
                group.addTask {
                    await Self.tellRate(printer)
                    return false
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        printer.end()
        // A write that waits for its reader must not delay the end.
        if wasStopped { Output.stopWaiting() }
        await receiver.stop()
        let (tally, elapsed) = printer.tally
        let summary = ListenSummary(target, tally, receiver.counts, elapsed: elapsed)
        if json {
            Output.line(try JSONText.line(["summary": summary]))
        } else {
            Output.error(summary.text)
        }
    }

    private var form: EventPrinter.Form {
        switch print {
        case .line?, nil: json ? .json : .line
        case .compact?: .compact
        case Form.none?: .nothing
        }
    }

    private func selfMade(for target: ListenTarget) throws -> SelfMadeCertificate? {
        guard target.transport.isEncrypted else {
            guard cert == nil, writeCert == nil, clientCA == nil else {
                throw CommandFailure(
                    .wrongUse,
                    "\(target) is not encrypted; certificates require tls, https or relp+tls"
                )
            }
            return nil
        }
        guard cert == nil else { return nil }
        let names = ["localhost", ProcessInfo.processInfo.hostName, "127.0.0.1", "::1", target.host]
        let hosts = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let made = try SelfMadeCertificate(for: hosts, now: Date())
        if let writeCert {
            try NewFile(path: writeCert, permissions: 0o644, replaces: true).write(made.certificatePEM)
        }
        return made
    }

    private func start(_ target: ListenTarget, _ made: SelfMadeCertificate?, _ printer: EventPrinter)
        async throws
        -> Receiver
    {
        var tls = made.map { ReceiverTLS(.selfMade($0), clientAuthorityFile: clientCA) }
        if let cert, let key {
            tls = ReceiverTLS(certificateFile: cert, keyFile: key, clientAuthorityFile: clientCA)
        }
        var configuration = ReceiverConfiguration(Self.transport(target, tls))
        configuration.host = target.host
        configuration.port = target.port
        configuration.onMessage = { try printer.take($0) }
        do {
            return try await Receiver.start(configuration)
        } catch let fault as ReceiverFault {
            throw CommandFailure(.cannotReach, fault.description)
        }
    }

    private static func transport(_ target: ListenTarget, _ tls: ReceiverTLS?)
        -> ReceiverConfiguration.Transport
    {
        switch target.transport {
        case .tcp, .tls: tls.map { .tls($0) } ?? .tcp
        case .udp: .udp
        case .http, .https: .http(tls)
        case .relp, .relpTLS: .relp(tls)
        }
    }

    /// Prints count and rate while events arrive: every second on a terminal, otherwise every ten seconds.
    private static func tellRate(_ printer: EventPrinter) async {
        let pause = Duration.seconds(Output.isTerminal ? 1 : 10)
        var before = 0
        while (try? await Task.sleep(for: pause)) != nil {
            let events = printer.tally.0.events
            if events > before {
                Output.error(
                    "\(Count.text(events, "event")), "
                        + "\(ListenSummary.rateText(events - before, over: pause))/s"
                )
            }
            before = events
        }
    }
}

/// The address of `spool listen` as typed: `tcp://127.0.0.1:1514`, `tls://[::1]:6514`, `127.0.0.1:1514`.
struct ListenTarget: Equatable, CustomStringConvertible {
    enum Transport: String, CaseIterable {
        case tcp, tls, udp, http, https, relp
        case relpTLS = "relp+tls"

        var isEncrypted: Bool { self == .tls || self == .https || self == .relpTLS }
    }

    let transport: Transport
    /// A host name or an IP address, without brackets.
    let host: String
    /// The port; 0 picks a free one.
    let port: Int

    init(transport: Transport, host: String, port: Int) {
        self.transport = transport
        self.host = host
        self.port = port
    }

    /// Nil if the text is not such an address; without a scheme the transport is TCP.
    init?(_ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = parts.count == 2 ? Transport(rawValue: String(parts[0])) : .tcp,
            let place = parts.last, let colon = place.lastIndex(of: ":")
        else { return nil }
        var host = place[..<colon]
        let digits = place[place.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits),
            (0...65_535).contains(port)
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.allSatisfy({ !$0.isWhitespace && !"/[]".contains($0) }) else { return nil }
        self.init(transport: transport, host: String(host), port: port)
    }

    /// The same address with the port that was actually chosen.
    func at(port: Int) -> ListenTarget { ListenTarget(transport: transport, host: host, port: port) }

    var description: String {
        "\(transport.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
