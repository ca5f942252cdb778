/// A parsed CEF line with all escapes resolved.
package struct CEFLine: Sendable, Equatable {
    /// One `key=value` of the extension.
    package struct Pair: Sendable, Equatable {
        package var key: String
        package var value: String
    }

    /// The part before `CEF:`.
    package var prefix: CEFPrefix
    /// The version of the format, 0 or 1.
    package var version: Int
    package var deviceVendor: String
    package var deviceProduct: String
    package var deviceVersion: String
    package var eventClassID: String
    package var name: String
    /// A number from 0 to 10, or one of the five words.
    package var severity: String
    /// The pairs in the order of the line.
    package var pairs: [Pair]

    /// The value of a key; nil if the line does not contain it.
    package subscript(key: String) -> String? {
        pairs.first { $0.key == key }?.value
    }
}

/// The syslog header before `CEF:`.
package struct CEFPrefix: Sendable, Equatable {
    /// The forms of time that the old agent could write, and RFC 5424's whole header.
    package enum Style: Sendable, Equatable {
        case none
        /// `Mar 02 21:10:02`
        case rfc3164
        /// `Mar 02 2023 21:10:02`
        case rfc3164WithYear
        /// `2023-03-02T21:10:02.022Z`, not followed by the rest of an RFC 5424 header
        case iso
        /// Version, time, host, application, process, message id and structured data
        case rfc5424
    }

    /// Facility times eight plus severity; nil if there is none.
    package var priority: Int?
    /// The form of the time.
    package var style: Style
    /// The time as written; nil if there is none.
    package var time: String?
    /// The host or system name; nil if there is none.
    package var host: String?
    /// The part of an RFC 5424 header after the host, or the tag of RFC 3164; otherwise empty.
    package var rest: String
}

/// Why a line is not valid CEF, and where.
package struct CEFError: Error, Equatable, CustomStringConvertible {
    /// The kind of error in a line.
    package enum Reason: String, Sendable {
        case notUTF8, lineBreak, noMarker, badPriority, badPrefix, badVersion, missingField, badHeaderEscape
        case badSeverity, badKey, unescapedEquals, badExtensionEscape, repeatedKey, badSpacing
    }

    package var reason: Reason
    /// The byte offset in the line.
    package var offset: Int

    package var description: String {
        "invalid CEF: \(reason.rawValue) at byte \(offset)"
    }
}
