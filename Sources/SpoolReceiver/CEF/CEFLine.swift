/// A CEF line taken apart, everything unescaped.
package struct CEFLine: Sendable, Equatable {
    /// One `key=value` of the extension.
    package struct Pair: Sendable, Equatable {
        package var key: String
        package var value: String
    }

    /// What stands before `CEF:`.
    package var prefix: CEFPrefix
    /// Of the format, 0 or 1.
    package var version: Int
    package var deviceVendor: String
    package var deviceProduct: String
    package var deviceVersion: String
    package var eventClassID: String
    package var name: String
    /// A number from 0 to 10, or one of the five words.
    package var severity: String
    /// In the order of the line.
    package var pairs: [Pair]

    /// The value of a key; nil if the line has none.
    package subscript(key: String) -> String? {
        pairs.first { $0.key == key }?.value
    }
}

/// The syslog header before `CEF:`.
package struct CEFPrefix: Sendable, Equatable {
    /// The kinds of time that the old agent could write, and RFC 5424's whole header.
    package enum Style: Sendable, Equatable {
        case none
        /// `Mar 02 21:10:02`
        case rfc3164
        /// `Mar 02 2023 21:10:02`
        case rfc3164WithYear
        /// `2023-03-02T21:10:02.022Z`, not followed by the rest of that standard's header
        case iso
        /// Version, time, host, application, process, message id and structured data
        case rfc5424
    }

    /// Facility times eight plus severity; nil if there is none.
    package var priority: Int?
    /// How the time is written.
    package var style: Style
    /// The time as written; nil if there is none.
    package var time: String?
    /// The host or system name; nil if there is none.
    package var host: String?
    /// What RFC 5424 has after the host, or RFC 3164 as tag; empty otherwise.
    package var rest: String
}

/// Why a line is no CEF, and where.
package struct CEFError: Error, Equatable, CustomStringConvertible {
    /// What is wrong with a line.
    package enum Reason: String, Sendable {
        case notUTF8, lineBreak, noMarker, badPriority, badPrefix, badVersion, missingField, badHeaderEscape
        case badSeverity, badKey, unescapedEquals, badExtensionEscape, repeatedKey, badSpacing
    }

    package var reason: Reason
    /// Byte from the line's beginning.
    package var offset: Int

    package var description: String {
        "invalid CEF: \(reason.rawValue) at byte \(offset)"
    }
}
