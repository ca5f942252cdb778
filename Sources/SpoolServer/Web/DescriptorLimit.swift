#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The limit of open files and sockets of this process.
package enum DescriptorLimit {
    /// The maximum that is needed.
    private static let enough: rlim_t = 8_192

    /// The limit in force.
    static var current: Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 256 }
        return Int(min(limit.rlim_cur, enough))
    }

    /// Raises the soft limit as far as the hard limit allows, to 8,192 at most.
    ///
    /// The soft limit is 1,024 by default for the sake of programs that use select(2); this one does not.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < enough else { return }
        limit.rlim_cur = min(limit.rlim_max, enough)
        // If this fails, the limit stays as it is.
        _ = setrlimit(resource, &limit)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
