/// The name and version of this program.
package enum ProgramVersion {
    /// Semantic version of this program.
    package static let number = "0.1.0"

    /// The `User-Agent` of every HTTP request (RFC 9110 §10.1.5): web firewalls refuse requests without one.
    package static let userAgent = "spool/\(number)"
}
