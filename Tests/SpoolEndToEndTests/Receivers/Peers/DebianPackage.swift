import Foundation

/// The location of a receiver's programs: installed, or unpacked into the build folder.
///
/// Debian's rsyslog and syslog-ng conflict, so at most one of them can be installed. The other is downloaded
/// with apt-get, with the missing libraries, and unpacked into the build folder.
struct DebianPackage: Sendable {
    /// `/` if it is installed; otherwise without a trailing slash.
    private let root: String

    /// A file of the package by its usual path.
    func path(_ absolute: String) -> String { root == "/" ? absolute : root + absolute }

    /// The environment in which its programs find its libraries.
    var environment: [String: String] {
        root == "/" ? [:] : ["LD_LIBRARY_PATH": libraryFolders.joined(separator: ":")]
    }

    private var libraryFolders: [String] {
        let roots = ["/usr/lib", "/lib"].map { root + $0 }
        let multiarch = roots.flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
                .filter { $0.hasSuffix("-linux-gnu") }.map { "\(folder)/\($0)" }
        }
        return multiarch + ["\(root)/usr/lib/syslog-ng"]
    }

    /// A folder of its modules; nil if it is installed and finds them itself.
    func folder(_ name: String) -> String? {
        guard root != "/" else { return nil }
        return (libraryFolders + ["\(root)/usr/lib"]).map { "\($0)/\(name)" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }

    static func rsyslog() async throws -> DebianPackage { try await packages.rsyslog.value }
    static func syslogNG() async throws -> DebianPackage { try await packages.syslogNG.value }

    // Each is located once per run.
    private static let packages = (
        rsyslog: Task {
            try await find("rsyslog", with: ["rsyslog-gnutls", "libestr0", "libfastjson4", "liblognorm5"])
        },
        syslogNG: Task {
            try await find(
                "syslog-ng-core",
                with: ["libivykis0", "libjson-c5", "libnet1", "libpcre3", "libwrap0"]
            )
        }
    )

    private static func find(_ package: String, with others: [String]) async throws -> DebianPackage {
        if try await isInstalled(package) { return DebianPackage(root: "/") }
        let root = "\(BuildFolder.path)/debian-\(package)"
        if FileManager.default.fileExists(atPath: root) { return DebianPackage(root: root) }
        let work = "\(root)-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: "\(work)/root", withIntermediateDirectories: true)
        var wanted = [package]
        for other in others where try await !isInstalled(other) { wanted.append(other) }
        try await download(wanted, into: work)
        for name in try FileManager.default.contentsOfDirectory(atPath: work) where name.hasSuffix(".deb") {
            try await must("dpkg", ["-x", "\(work)/\(name)", "\(work)/root"], in: work)
        }
        // Another run may have created the same folder meanwhile.
        if !FileManager.default.fileExists(atPath: root) {
            try FileManager.default.moveItem(atPath: "\(work)/root", toPath: root)
        }
        try FileManager.default.removeItem(atPath: work)
        return DebianPackage(root: root)
    }

    private static func isInstalled(_ package: String) async throws -> Bool {
        let answer = try await Child.answer(
            "dpkg-query",
            ["--show", "--showformat=${db:Status-Status}", package]
        )
        return answer.code == 0 && answer.output == "installed"
    }

    private static func download(_ names: [String], into folder: String) async throws {
        // The folder belongs to the current user, so apt's own user could not write there.
        let arguments = ["download", "-q", "-o", "APT::Sandbox::User=root"] + names
        let first = try await Child.answer("apt-get", arguments, folder: folder)
        if first.code == 0 { return }
        guard getuid() == 0 else {
            throw HarnessFailure("\(names.joined(separator: " ")): run “apt-get update” as root, then again")
        }
        try await must("apt-get", ["update", "-q"], in: folder)
        try await must("apt-get", arguments, in: folder)
    }

    private static func must(_ program: String, _ arguments: [String], in folder: String) async throws {
        let answer = try await Child.answer(program, arguments, folder: folder)
        guard answer.code == 0 else { throw HarnessFailure("\(program): \(answer)") }
    }
}
