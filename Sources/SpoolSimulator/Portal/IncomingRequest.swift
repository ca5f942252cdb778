import Foundation

/// The parts of a request that the portal uses.
struct IncomingRequest: Sendable {
    var method: String
    /// The path's components without `cas`, under which the vendor's module reaches the same API.
    var path: [String]
    var query: [String: String]
    var rawQuery: String
    var authorization: String?
    var contentType: String
    var body: [UInt8]

    init(method: String, uri: String, authorization: String?, contentType: String?, body: [UInt8]) {
        self.method = method
        let halves = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = halves[0].split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        if path.first == "cas" { path.removeFirst() }
        rawQuery = halves.count > 1 ? String(halves[1]) : ""
        query = Self.pairs(rawQuery)
        self.authorization = authorization
        self.contentType = contentType ?? ""
        self.body = body
    }

    var bodyText: String {
        String(decoding: body, as: UTF8.self)
    }

    var form: [String: String] {
        Self.pairs(bodyText)
    }

    /// The parameters of a list: a JSON body, a form or a query; in the last two, `filters` is JSON text.
    func parameters() throws(FieldError) -> [String: JSONValue] {
        if method == "GET" {
            // A GET's limit is ignored (reported by an integrator).
            return Self.parameters(query).filter { $0.key != "limit" }
        }
        if contentType.hasPrefix("application/x-www-form-urlencoded") { return Self.parameters(form) }
        if body.isEmpty { return [:] }
        guard let parameters = JSONValue(parsing: body)?.object else {
            throw FieldError(field: "body", message: "JSON parse error")
        }
        return parameters
    }

    private static func parameters(_ pairs: [String: String]) -> [String: JSONValue] {
        pairs.mapValues { JSONValue(parsing: Array($0.utf8)) ?? .string($0) }
    }

    private static func pairs(_ text: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { String($0.replacing("+", with: " ")) }
                .map { (side: String) in side.removingPercentEncoding ?? side }
            pairs[sides[0]] = sides.count > 1 ? sides[1] : ""
        }
        return pairs
    }
}
