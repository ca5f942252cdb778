import ArgumentParser
import Foundation
import SpoolCore
import SpoolNetwork

/// `spool init`.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Writes a commented configuration, or converts an old SIEM agent's command line.",
        discussion: """
            Every setting has a comment and a sensible default. Settings that only you know (portal, SIEM, \
            token) are listed at the end. Example: spool init --url \
            https://contoso.us2.portal.cloudappsecurity.com --siem siem.example:6514
            """
    )

    enum Transport: String, CaseIterable, ExpressibleByArgument { case tcp, tls, udp }

    @Option(help: "File to write.")
    var output = "./spool.yaml"

    @Flag(help: "Overwrite the file if it exists.")
    var force = false

    @Option(help: "Address of the portal, as shown under Settings > Cloud Apps > About.")
    var url: String?

    @Option(help: ArgumentHelp("Address on which the SIEM listens.", valueName: "host:port"))
    var siem: String?

    @Option(help: "Transport to the SIEM (default: tls for port 6514, tcp for any other port).")
    var transport: Transport?

    @Option(
        help: ArgumentHelp(
            "The complete command line of the old agent, in quotes; its token is written to a separate file.",
            valueName: "java -jar …"
        )
    )
    var fromAgent: String?

    func run() throws {
        let file = URL(fileURLWithPath: output).standardizedFileURL
        let folder = file.deletingLastPathComponent().path
        let tokenFile = (folder == "/" ? "" : folder) + "/token"
        let agent = try fromAgent.map(Self.agent)
        var notes = Notes(file: file.path, tokenFile: tokenFile)

        var template = ConfigurationTemplate()
        if let url { try setPortal(url, in: &template) } else { notes.lacksPortal() }
        try setSink(in: &template, agent: agent, &notes)
        template.setToken(file: tokenFile)
        if !Self.isWritable("/var/lib/spool"), folder != "/etc/spool" {
            template.setSpool(path: (folder == "/" ? "" : folder) + "/spool.db")
        }
        if let proxy = agent?.proxy { template.setProxy(proxy.description) }
        if let version = agent?.version { template.setAgentVersion(version) }

        let configuration = NewFile(path: file.path, permissions: 0o640, replaces: force)
        try configuration.check()
        if let agent {
            try NewFile(path: tokenFile, permissions: 0o600, replaces: force).write(agent.token + "\n")
        }
        try configuration.write(template.text)
        if let agent {
            notes.translated(agent)
        } else if Self.isFilled(tokenFile) {
            notes.hasToken()
        } else {
            notes.lacksToken()
        }
        Output.line(notes.text)
    }

    private static func agent(_ line: String) throws -> AgentCommandLine {
        do throws(AgentCommandLine.Problem) {
            return try AgentCommandLine(line)
        } catch {
            throw CommandFailure(.wrongUse, "--from-agent: \(error)")
        }
    }

    private func setPortal(_ url: String, in template: inout ConfigurationTemplate) throws {
        do throws(AddressProblem) {
            let portal = try BaseURL(url)
            // The tenant is the first label of the portal's host name; an IP address has none.
            let tenant = portal.host.prefix { $0 != "." }
            let isName =
                tenant.contains(where: \.isLetter) && ConfigurationName.isValid(String(tenant))
                && !ConfigurationName.reservedForSources.contains(String(tenant))
            template.setPortal(portal.description, name: isName ? String(tenant) : "contoso")
        } catch {
            throw CommandFailure(.wrongUse, "--url \(url): \(error)")
        }
    }

    private func setSink(
        in template: inout ConfigurationTemplate,
        agent: AgentCommandLine?,
        _ notes: inout Notes
    ) throws {
        guard let siem else {
            notes.lacksSink()
            // The old agent supported TCP and UDP, but not TLS.
            let usual = transport ?? (agent == nil ? .tls : .tcp)
            template.setSink(
                address: usual == .tls ? "siem.example:6514" : "siem.example:514",
                transport: usual.rawValue
            )
            return
        }
        guard let endpoint = Endpoint(siem) else {
            throw CommandFailure(
                .wrongUse,
                "--siem \(siem): expected host:port, such as siem.example:6514 or [2001:db8::1]:514"
            )
        }
        // RFC 5425 §4.1 assigns port 6514 to syslog over TLS.
        let usual: Transport = transport ?? (endpoint.port == 6_514 ? .tls : .tcp)
        template.setSink(
            address: endpoint.host.contains(":") ? "\"\(endpoint)\"" : endpoint.description,
            transport: usual.rawValue
        )
    }

    /// True for a file that is not empty; an empty one still has to be filled.
    private static func isFilled(_ file: String) -> Bool {
        var facts = stat()
        return stat(file, &facts) == 0 && facts.st_size > 0
    }

    private static func isWritable(_ folder: String) -> Bool { access(folder, W_OK) == 0 }
}

/// The installed example configuration, filled in with the operator's values.
struct ConfigurationTemplate {
    private(set) var text = String(decoding: PackageResources.spool_yaml, as: UTF8.self)

    /// Sets the portal and names the source after its tenant.
    mutating func setPortal(_ url: String, name: String) {
        replace("https://contoso.us2.portal.cloudappsecurity.com", with: url)
        replace("- name: contoso", with: "- name: \(name)")
        replace("[contoso/activities, contoso/alerts]", with: "[\(name)/activities, \(name)/alerts]")
    }

    mutating func setToken(file: String) {
        replace("file:/etc/spool/token", with: Self.scalar("file:" + file))
    }

    mutating func setSpool(path: String) {
        replace("path: /var/lib/spool/spool.db", with: "path: \(Self.scalar(path))")
    }

    mutating func setProxy(_ address: String) {
        replace("#proxy: http://proxy.example:3128", with: "proxy: http://\(address)")
    }

    mutating func setSink(address: String, transport: String) {
        replace("siem.example:6514", with: address)
        replace("transport: tls", with: "transport: \(transport)")
    }

    mutating func setAgentVersion(_ version: String) {
        replace("#cef: { agent_version: 0.298.168,", with: "cef: { agent_version: \(version),")
    }

    private mutating func replace(_ old: String, with new: String) {
        text = text.replacing(old, with: new, maxReplacements: 1)
    }

    /// The text as a YAML scalar, quoted where a plain scalar could be misread (YAML 1.2 §7.3.3).
    private static func scalar(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/:._-".contains($0)) }
        if isPlain { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

/// Writes files that contain or refer to secrets: they are never readable by others, not even briefly.
struct NewFile {
    let path: String
    let permissions: mode_t
    /// Whether an existing file is replaced.
    let replaces: Bool

    /// Fails if a file exists that `write` must not replace.
    func check() throws {
        guard !replaces, access(path, F_OK) == 0 else { return }
        errno = EEXIST
        throw failure()
    }

    /// Writes the whole text or nothing.
    ///
    /// A partly written file never appears at `path`: the text is written to a draft, which is then renamed.
    /// If the file must be new, the draft is linked instead: link(2) fails if the file exists, so that a file
    /// created meanwhile is not lost.
    func write(_ text: String) throws {
        let draft = path + ".new"
        // Left over from an interrupted write.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw failure() }
        defer { unlink(draft) }
        do {
            defer { close(descriptor) }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                guard count >= 0 || errno == EINTR else { throw failure() }
                rest = rest.dropFirst(max(0, count))
            }
            takeOver(descriptor)
            guard fsync(descriptor) == 0 else { throw failure() }
        }
        guard (replaces ? rename(draft, path) : link(draft, path)) == 0 else { throw failure() }
    }

    /// Sets the owner and group of the file that is replaced, or the group of the folder for a new file, so
    /// that the daemon can read what root writes into /etc/spool.
    ///
    /// Only root has the permission for all of this; for others the file keeps its owner.
    private func takeOver(_ descriptor: Int32) {
        var old = stat()
        if lstat(path, &old) == 0 {
            _ = fchown(descriptor, old.st_uid, old.st_gid)
        } else if stat(URL(fileURLWithPath: path).deletingLastPathComponent().path, &old) == 0 {
            _ = fchown(descriptor, uid_t.max, old.st_gid)
        }
    }

    private func failure() -> CommandFailure {
        let reason =
            switch errno {
            case EEXIST: "the file exists already; --force overwrites it"
            case ENOENT, ENOTDIR: "the folder does not exist"
            default: String(cString: strerror(errno))
            }
        return CommandFailure(.wrongUse, "cannot write \(path): \(reason)")
    }
}
