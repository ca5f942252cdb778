/// A request to send.
package struct HTTPCall: Sendable {
    package enum Method: Sendable { case get, post }

    package var method: Method
    package var base: BaseURL
    /// Appended to the base; starts with a slash.
    package var path: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        _ method: Method,
        _ base: BaseURL,
        _ path: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.base = base
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// A complete answer.
package struct HTTPAnswer: Sendable, Equatable {
    package var status: Int
    /// By lower-case name; of several headers with one name, the first.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A header's value; `name` in lower case.
    package func header(_ name: String) -> String? { headers[name] }

    /// True for a web page: a sign-in page, or the notice of a proxy or firewall instead of an API's answer.
    ///
    /// A JSON object is not a web page, whatever its content type.
    package var isWebPage: Bool {
        let first = body.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        if first == UInt8(ascii: "<") { return true }
        return first != UInt8(ascii: "{")
            && header("content-type")?.lowercased().hasPrefix("text/html") == true
    }

    /// The `Content-Encoding` of a body that is still encoded; nil when it has been decoded or was never
    /// encoded.
    var unknownEncoding: String? {
        guard let encoding = header("content-encoding")?.lowercased(), !body.isEmpty else { return nil }
        return ["gzip", "deflate", "identity", ""].contains(encoding) ? nil : encoding
    }
}
