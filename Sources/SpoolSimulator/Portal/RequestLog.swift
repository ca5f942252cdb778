/// A request that the portal got, and what became of it.
package struct PortalRequest: Sendable {
    /// What a request asked for.
    package enum Kind: String, Sendable {
        case list
        case scan
        case fetch
        case token
    }

    /// The portal's time.
    package var atMs: Int64
    /// The stream, or the login authority.
    package var target: RequestTarget
    /// Whether it was a list, a page of a scan, one record, or a token.
    package var kind: Kind
    /// The body as it came; for GET the query.
    package var body: String
    /// The status of the answer; 0 if the connection was closed instead.
    package var status: Int
    /// How many records the answer held.
    package var records: Int
    /// The fault that befell it.
    package var fault: Fault?
}

/// What was asked of the portal, the oldest forgotten first.
package struct RequestLog: Sendable {
    private static let capacity = 20_000

    /// The requests in the order of their coming.
    package private(set) var requests: [PortalRequest] = []
    /// How many there were in all.
    package private(set) var total = 0

    mutating func append(_ request: PortalRequest) {
        if requests.count == Self.capacity { requests.removeFirst(Self.capacity / 10) }
        requests.append(request)
        total += 1
    }

    /// The requests for one stream, or of one kind, or both.
    package func requests(for target: RequestTarget? = nil, _ kind: PortalRequest.Kind? = nil)
        -> [PortalRequest]
    {
        requests.filter { (target ?? $0.target) == $0.target && (kind ?? $0.kind) == $0.kind }
    }

    /// The most requests to the API within any 60 seconds of the portal's time.
    package var busiestMinute: Int {
        let times = requests.filter { $0.target != .token }.map(\.atMs).sorted()
        var most = 0
        var start = 0
        for (index, time) in times.enumerated() {
            while times[start] <= time - 60_000 { start += 1 }
            most = max(most, index - start + 1)
        }
        return most
    }
}
