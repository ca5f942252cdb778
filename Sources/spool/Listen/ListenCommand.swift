import ArgumentParser
import Foundation
import SpoolCore
import SpoolReceiver
import UnixSignals

/// `spool listen`.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Receives what a SIEM would, prints and counts it: for checking delivery.",
        discussion: """
            TCP and TLS take lines and octet counts, whichever comes; http takes the lines of POST bodies; relp \
            acknowledges each message. A message is printed before it is acknowledged; when it cannot be printed, \
            the command ends. Without --cert a certificate is made for TLS; --write-cert FILE writes it for senders \
            (tls: { ca_file: FILE }). At the end, by Ctrl-C or --once, a summary shows how many events came, which \
            ids came more than once, and which numbers are missing where lines carry a sequenceId (RFC 5424).

            Example: spool listen tcp://127.0.0.1:1514 --once 1
            """
    )

    enum Form: String, CaseIterable, ExpressibleByArgument { case line, compact, none }

    @Argument(
        help: "tcp, tls, udp, http, https, relp or relp+tls, then host and port; port 0 takes a free one."
    )
    var address = "tcp://127.0.0.1:1514"

    @Option(help: "What to print of each event: the line as it came (the default), a compact form, or none.")
    var print: Form?

    @Flag(
        help:
            "Print one object per line, and the summary as the last one; with --print none only the summary."
    )
    var json = false

    @Option(help: "End after this many events, at least 1.")
    var once: Int?

    @Option(help: ArgumentHelp("PEM file with the certificate to show.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("PEM file with its private key.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("Ask senders for a certificate of these authorities.", valueName: "file"))
    var clientCA: String?

    @Option(
        help: ArgumentHelp("Write the self-made certificate here, for senders to trust.", valueName: "file")
    )
    var writeCert: String?

    func validate() throws {
        if let once { try NumberOption.check("--once", once, 1...Int(Int32.max)) }
        if json, let print, print != Form.none {
            throw ValidationError("--json and --print \(print) exclude each other; --json prints objects")
        }
        guard (cert == nil) == (key == nil) else { throw ValidationError("--cert and --key go together") }
        if writeCert != nil, cert != nil {
            throw ValidationError("--write-cert is for the self-made certificate; --cert has a file already")
        }
    }

    func run() async throws {
        guard let wanted = ListenTarget(address) else {
            let schemes = ListenTarget.Transport.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(
                .wrongUse,
                "\(address): not an address; write tcp://127.0.0.1:1514 or tls://[::1]:6514 (there are \(schemes))"
            )
        }
        let certificate = try selfMade(for: wanted)
        let desk = ListenDesk(form, wanted: once, isTerminal: Output.isTerminal)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let receiver = try await start(wanted, certificate, desk)
        let target = wanted.at(port: receiver.port)
        Output.error("listening on \(target)" + (certificate.map { ", certificate \($0.fingerprint)" } ?? ""))

        let wasStopped = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signals { break }
                return true
            }
            group.addTask {
                await desk.done.changed(after: 0)
                return false
            }
            group.addTask {
                await Output.readerGone()
                return false
            }
            if json || form == .nothing {
                group.addTask {
                    await Self.tellRate(desk)
                    return false
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        desk.end()
        // A line that waits for its reader must not hold up the end.
        if wasStopped { Output.stopWaiting() }
        await receiver.stop()
        let (tally, elapsed) = desk.tally
        let summary = ListenSummary(target, tally, receiver.counts, elapsed: elapsed)
        if json {
            Output.line(try JSONText.line(["summary": summary]))
        } else {
            Output.error(summary.text)
        }
    }

    private var form: ListenDesk.Form {
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
                    "\(target) is not encrypted; certificates need tls, https or relp+tls"
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

    private func start(_ target: ListenTarget, _ made: SelfMadeCertificate?, _ desk: ListenDesk) async throws
        -> Receiver
    {
        var tls = made.map { ReceiverTLS(.selfMade($0), clientAuthorityFile: clientCA) }
        if let cert, let key {
            tls = ReceiverTLS(certificateFile: cert, keyFile: key, clientAuthorityFile: clientCA)
        }
        var configuration = ReceiverConfiguration(Self.transport(target, tls))
        configuration.host = target.host
        configuration.port = target.port
        configuration.onMessage = { try desk.take($0) }
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

    /// Says every second on a terminal, and every ten elsewhere, how many have come, while more come.
    private static func tellRate(_ desk: ListenDesk) async {
        let pause = Duration.seconds(Output.isTerminal ? 1 : 10)
        var before = 0
        while (try? await Task.sleep(for: pause)) != nil {
            let events = desk.tally.0.events
            if events > before {
                Output.error(
                    "\(Count.text(events, "event")), \(ListenSummary.rateText(events - before, over: pause))/s"
                )
            }
            before = events
        }
    }
}
