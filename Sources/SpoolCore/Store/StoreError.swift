/// Why an operation on the spool failed.
///
/// After any of these errors the transaction has been rolled back.
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
        /// The file at the spool's path is no longer the one that is open.
        case replaced
        /// Written by a newer version of this program, or by a pre-release build whose schema has no upgrade.
        case newerSchema
        /// Reading, writing or syncing failed: the handle must not be used any more.
        case io
        /// A reader or checkpoint blocked for longer than the busy timeout.
        case busy
        /// The caller named something that the spool does not contain, or must not contain.
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
