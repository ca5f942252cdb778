#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The contents of a small file, with its permissions.
///
/// Reading always ends: a pipe that delivers nothing for `silence` is an error, so that a reload of the
/// daemon cannot hang on it.
package struct SmallFile: Sendable {
    /// How long a pipe or a device may deliver nothing, in milliseconds.
    private static let silence: Int32 = 5_000

    package let bytes: [UInt8]
    /// True when every user of the machine may read it.
    package let isWorldReadable: Bool

    /// Its text; nil when it is not UTF-8.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// Reads a file of at most `limit` bytes.
    ///
    /// - Throws: why it cannot be read, as a text that follows "cannot read PATH: ".
    package static func read(_ path: String, limit: Int) throws(SmallFileFault) -> SmallFile {
        // Without O_NONBLOCK, opening a pipe waits until some process writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SmallFileFault(errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SmallFileFault(errno: errno) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while let count = try read(descriptor, into: &chunk) {
            bytes += chunk[..<count]
            if bytes.count > limit { throw SmallFileFault("it is larger than \(limit >> 10) KiB") }
        }
        return SmallFile(bytes: bytes, isWorldReadable: status.st_mode & 0o004 != 0)
    }

    /// Reads the next bytes; nil at the end.
    private static func read(_ descriptor: Int32, into chunk: inout [UInt8]) throws(SmallFileFault) -> Int? {
        while true {
            let count = systemRead(descriptor, &chunk, chunk.count)
            if count > 0 { return count }
            if count == 0 { return nil }
            if errno == EINTR { continue }
            guard errno == EAGAIN else { throw SmallFileFault(errno: errno) }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wanted, 1, silence)
            if ready < 0, errno == EINTR { continue }
            guard ready >= 0 else { throw SmallFileFault(errno: errno) }
            guard ready > 0 else {
                throw SmallFileFault(
                    "it is not a regular file and delivered nothing for \(silence / 1_000) seconds"
                )
            }
        }
    }

    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int)
        -> Int
    {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer, count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer, count)
        #else
            Darwin.read(descriptor, buffer, count)
        #endif
    }
}

/// Why a file was not read, as a text that follows "cannot read PATH: ".
package struct SmallFileFault: Error, Sendable, CustomStringConvertible {
    package let description: String

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
