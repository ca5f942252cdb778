/// The memory limit for the pages of all streams together.
package enum PageMemory {
    /// The maximum number of pages in progress, from the request to the end of their transaction.
    ///
    /// With a limit of 16 MiB per body this is 128 MiB. A stream whose answer stalls keeps its permit until
    /// the deadline of its request; another stream is only delayed when all permits are held in this way.
    package static let pages = 8
}
