import SpoolTestSupport

/// Debian's rsyslog with its stock inputs.
enum Rsyslog {
    /// `actions` builds the configuration from the input's section and the path of the output file.
    static func start(
        _ input: PeerInput,
        at site: Site,
        actions: (String, String) -> String = seen
    ) async throws -> Peer {
        let package = try await DebianPackage.rsyslog()
        let port = try Ports.free()
        let file = site.folder.path("rsyslog.out")
        let listener = listener(input, port: port, folder: site.folder.path)
        try site.folder.write(actions(listener, file), to: "rsyslog.conf")
        var arguments = ["-n", "-f", site.folder.path("rsyslog.conf"), "-i", site.folder.path("rsyslog.pid")]
        if let modules = package.folder("rsyslog") { arguments += ["-M", modules] }
        let child = Peer.launch(
            "rsyslog",
            package.path("/usr/sbin/rsyslogd"),
            arguments,
            of: package,
            at: site
        )
        return try await Peer(child, port: port, file: file, udp: input.isUDP)
    }

    private static func seen(_ listener: String, _ file: String) -> String {
        """
        \(listener)
        template(name="seen" type="list" option.jsonf="on") {
          property(outname="host" name="hostname" format="jsonf")
          property(outname="pri" name="pri" format="jsonf")
          property(outname="time" name="timestamp" dateFormat="rfc3339" format="jsonf")
          property(outname="tag" name="syslogtag" format="jsonf")
          property(outname="class" name="msg" field.delimiter="124" field.number="5" format="jsonf")
          property(outname="raw" name="rawmsg" format="jsonf")
        }
        action(type="omfile" file="\(file)" template="seen")

        """
    }

    private static func listener(_ input: PeerInput, port: Int, folder: String) -> String {
        switch input {
        case .tcp:
            """
            global(workDirectory="\(folder)")
            module(load="imtcp")
            input(type="imtcp" address="127.0.0.1" port="\(port)")
            """
        case .udp:
            """
            global(workDirectory="\(folder)")
            module(load="imudp")
            input(type="imudp" address="127.0.0.1" port="\(port)")
            """
        case .tls(let certificates):
            """
            global(
              workDirectory="\(folder)"
              defaultNetstreamDriver="gtls"
              defaultNetstreamDriverCAFile="\(certificates.caFile)"
              defaultNetstreamDriverCertFile="\(certificates.server.certFile)"
              defaultNetstreamDriverKeyFile="\(certificates.server.keyFile)"
            )
            module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
            input(type="imtcp" address="127.0.0.1" port="\(port)")
            """
        }
    }
}
