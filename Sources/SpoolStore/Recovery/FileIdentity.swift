#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of an open spool, by device and inode.
struct FileIdentity: Sendable, Equatable {
    struct Node: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    private let path: String
    private let database: Node?
    private let wal: Node?

    init(_ files: SpoolFiles) {
        path = files.path
        database = Node(files.path)
        wal = Node(files.wal)
    }

    /// True when the database itself is still the same file.
    func hasDatabase(_ now: FileIdentity) -> Bool { database != nil && now.database == database }

    /// What has happened to the files since, as the beginning of a sentence; nil when they are the same.
    func change(_ now: FileIdentity) -> String? {
        if now.database == nil { return "The spool \(path) was moved or deleted" }
        if now.database != database { return "The spool \(path) was replaced by another file" }
        if wal != nil, now.wal == nil { return "The -wal file of the spool \(path) was moved or deleted" }
        return wal != nil && now.wal != wal ? "The -wal file of the spool \(path) was replaced" : nil
    }
}
