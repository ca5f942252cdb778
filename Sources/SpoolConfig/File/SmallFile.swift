import Foundation

/// A small file read whole, with its permissions.
struct SmallFile {
    let bytes: [UInt8]
    /// True when anybody on the machine may read it.
    let isWorldReadable: Bool

    /// Its text; nil when it is not UTF-8.
    var text: String? { String(validating: bytes, as: UTF8.self) }

    /// Reads a file of at most `limit` bytes.
    static func read(_ path: String, limit: Int) throws(SmallFileFault) -> SmallFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SmallFileFault(errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SmallFileFault(errno: errno) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SmallFileFault(errno: errno) }
            if count == 0 { break }
            bytes += chunk[..<count]
            if bytes.count > limit { throw SmallFileFault("it is larger than \(limit >> 10) KiB") }
        }
        return SmallFile(bytes: bytes, isWorldReadable: status.st_mode & 0o004 != 0)
    }
}

/// Why a file was not read, to go after "cannot read PATH: ".
struct SmallFileFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(errno code: Int32) {
        description =
            switch code {
            case ENOENT, ENOTDIR: "there is no such file"
            case EACCES, EPERM: "permission denied for user id \(geteuid())"
            case EISDIR: "it is a folder"
            default: String(cString: strerror(code))
            }
    }
}
