/// How much memory the pages of all streams may take together.
package enum PageMemory {
    /// So many pages may be under way at once, from the request to the end of their transaction.
    ///
    /// With a cap of 16 MiB on a body that is 128 MiB. A stream whose answer stands still keeps its permit until
    /// its request's own deadline, and only as many of them as there are permits would hold up another.
    package static let pages = 8
}
