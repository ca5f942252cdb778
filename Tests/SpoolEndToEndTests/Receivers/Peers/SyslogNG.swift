import SpoolTestSupport

/// Debian's syslog-ng with its stock inputs.
enum SyslogNG {
    /// Its two sources: `network()` for any header, `syslog()` for RFC 5424 and octet counting.
    enum Driver: String {
        case network, syslog
    }

    /// `actions` builds the configuration from the source's section and the path of the output file.
    static func start(
        _ driver: Driver = .network,
        _ input: PeerInput,
        at site: Site,
        actions: ((String, String) -> String)? = nil
    ) async throws -> Peer {
        let package = try await DebianPackage.syslogNG()
        let port = try Ports.free()
        let file = site.folder.path("syslog-ng.out")
        let version = try await version(of: package)
        let source = """
            @version: \(version)
            source siem { \(driver.rawValue)(\(listener(input, port: port)) keep-hostname(yes)); };
            """
        try site.folder.write(
            actions?(source, file) ?? seen(source, file, driver),
            to: "syslog-ng.conf"
        )
        var arguments = ["--foreground", "--no-caps", "-f", site.folder.path("syslog-ng.conf")]
        arguments += ["-R", site.folder.path("persist"), "-c", site.folder.path("control")]
        arguments += ["-p", site.folder.path("syslog-ng.pid")]
        if let modules = package.folder("syslog-ng/\(version)") {
            arguments.append("--module-path=\(modules)")
        }
        let child = Peer.launch(
            "syslog-ng",
            package.path("/usr/sbin/syslog-ng"),
            arguments,
            of: package,
            at: site
        )
        return try await Peer(child, port: port, file: file, udp: input.isUDP)
    }

    private static func seen(_ source: String, _ file: String, _ driver: Driver) -> String {
        """
        \(source)
        template seen {
          template("$(format-json host=$HOST pri=$PRI time=$S_ISODATE tag=$PROGRAM \
        class=$(list-nth 4 $(explode '|' $MESSAGE)) raw=\(message(driver)))\\n");
        };
        destination seen { file("\(file)" template(seen)); };
        log { source(siem); destination(seen); };

        """
    }

    /// With an older header the tag, `CEF:`, is part of the message.
    private static func message(_ driver: Driver) -> String {
        driver == .network ? "${MSGHDR}${MSG}" : "$MSG"
    }

    private static func version(of package: DebianPackage) async throws -> String {
        let answer = try await Child.answer(
            package.path("/usr/sbin/syslog-ng"),
            ["--version"],
            environment: package.environment
        )
        guard
            let full = answer.output.split(whereSeparator: \.isNewline).lazy
                .compactMap({ $0.firstMatch(of: /\((\d+\.\d+)[\d.]*\)/)?.1 }).first
        else {
            throw HarnessFailure("syslog-ng reports no version: \(answer)")
        }
        return String(full)
    }

    private static func listener(_ input: PeerInput, port: Int) -> String {
        let address = "ip(\"127.0.0.1\") port(\(port))"
        return switch input {
        case .tcp: "\(address) transport(\"tcp\")"
        case .udp: "\(address) transport(\"udp\")"
        case .tls(let certificates):
            // By default it also requires a certificate from the peer.
            """
            \(address) transport("tls") tls(
              key-file("\(certificates.server.keyFile)") cert-file("\(certificates.server.certFile)")
              ca-file("\(certificates.caFile)")
            )
            """
        }
    }
}
