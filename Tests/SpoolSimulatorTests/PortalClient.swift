import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import SpoolSimulator

/// A client that knows only the simulator's address.
struct PortalClient {
    struct Page {
        var status: UInt
        var headers: HTTPHeaders
        var bytes: [UInt8]

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
        }

        var records: [[String: Any]] { json["data"] as? [[String: Any]] ?? [] }
        var ids: [String] { records.compactMap { $0["_id"] as? String } }
        var hasNext: Bool { json["hasNext"] as? Bool ?? false }
        var next: [String: Any]? { json["nextQueryFilters"] as? [String: Any] }
        func header(_ name: String) -> String? { headers.first(name: name) }
        func times(_ field: String) -> [Int64] { records.compactMap { ($0[field] as? NSNumber)?.int64Value } }
    }

    var url: String
    /// How long connecting is retried.
    var timeout: TimeAmount = .minutes(5)
    var authorization: String? = "Token \(Credentials.defaultToken)"

    init(_ simulator: Simulator) {
        url = simulator.url
    }

    func list(_ stream: PortalStream, _ body: [String: Any] = [:]) async throws -> Page {
        let data = try JSONSerialization.data(withJSONObject: body)
        return try await send("POST", "/api/v1/\(stream.rawValue)/", Array(data), type: "application/json")
    }

    /// Lists over HTTPS, with a client that trusts only one authority.
    func list(_ stream: PortalStream, trusting authority: String) async throws -> Page {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(authority)
        let http = HTTPClient(configuration: .init(tlsConfiguration: tls))
        do {
            let page = try await send("POST", "/api/v1/\(stream.rawValue)/", over: http)
            try await http.shutdown()
            return page
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    func send(
        _ method: String,
        _ path: String,
        _ body: [UInt8] = [],
        type: String = "application/json",
        over http: HTTPClient = .shared
    ) async throws -> Page {
        var request = HTTPClientRequest(url: url + path)
        request.method = HTTPMethod(rawValue: method)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        if !body.isEmpty { request.headers.add(name: "Content-Type", value: type) }
        if !body.isEmpty { request.body = .bytes(body) }
        let answer = try await http.execute(request, timeout: timeout)
        let bytes = try await answer.body.collect(upTo: 256 << 20)
        return Page(
            status: answer.status.code,
            headers: answer.headers,
            bytes: Array(bytes.readableBytesView)
        )
    }

    /// Reads a whole scan and returns every id as often as it was listed.
    func scan(
        _ filters: [String: Any] = [:],
        sortField: String = "created",
        direction: String = "asc",
        limit: Int
    ) async throws -> (ids: [String], pages: [Int]) {
        var body: [String: Any] = [
            "filters": filters, "isScan": true, "sortField": sortField, "sortDirection": direction,
            "limit": limit,
        ]
        var ids: [String] = []
        var pages: [Int] = []
        while true {
            let page = try await list(.activities, body)
            guard page.status == 200 else { throw Refused(status: page.status) }
            ids += page.ids
            pages.append(page.ids.count)
            guard page.hasNext, let next = page.next else { return (ids, pages) }
            body["filters"] = next
        }
    }

    struct Refused: Error {
        var status: UInt
    }
}

/// A fixed time in the past, so that tests do not depend on when they run.
let someTime: Int64 = 1_750_000_000_000

/// A portal with a stopped clock, without a request limit, with small scan pages.
func quietPortal(_ change: (inout SimulatorConfiguration) -> Void = { _ in }) -> SimulatorConfiguration {
    var configuration = SimulatorConfiguration()
    configuration.clock = .manual(startMs: someTime)
    configuration.throttle = nil
    configuration.limits = .small
    configuration.lateness = .none
    change(&configuration)
    return configuration
}
