/// What a scan does with records that share a millisecond at the edge of a page.
package enum MillisecondGroups: Sendable {
    /// They stay together on one side; a group larger than a page makes that page longer than its limit.
    case kept
    /// They are split and the next page begins with the millisecond again, so that some repeat. A group that
    /// fills a page by itself makes the scan answer that page for ever.
    case split
}
