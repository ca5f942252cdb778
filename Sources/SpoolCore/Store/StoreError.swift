/// Why the spool did not do what was asked.
///
/// After any of them the transaction has left nothing behind.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Another process holds the spool for writing.
        case locked
        /// The disk, or the quota, is full. Nothing was lost; the same call may succeed later.
        case full
        /// The file or its folder cannot be written.
        case readOnly
        /// The file is not a spool, or SQLite found it damaged.
        case damaged
        /// Written by a newer version of this program, or by a pre-release build whose schema has no upgrade.
        case newerSchema
        /// Reading, writing or syncing failed: the handle is not to be trusted any more.
        case io
        /// A reader or checkpoint was in the way for longer than the busy time-out.
        case busy
        /// The caller named something the spool does not have, or may not have.
        case invalid
    }

    package let kind: Kind
    /// What happened, to which file, and what to do; no event content.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
