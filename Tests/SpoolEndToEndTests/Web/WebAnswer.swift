import Foundation

/// An HTTP response to a client that sets its headers itself.
struct WebAnswer: Decodable, Sendable {
    let status: Int
    /// Names in lower case; repeated headers are joined by a semicolon.
    let headers: [String: String]
    let body: String

    /// Sends a request with Python's client, which adds only `Host`; over TCP or a Unix socket.
    static func get(
        _ path: String,
        port: Int = 0,
        socket: String = "",
        headers: [String: String] = [:]
    ) async throws -> WebAnswer {
        let names = try String(decoding: JSONEncoder().encode(headers), as: UTF8.self)
        let answer = try await Child.answer("python3", ["-c", script, path, String(port), socket, names])
        guard answer.code == 0 else { throw HarnessFailure("GET \(path): \(answer)") }
        return try JSONDecoder().decode(WebAnswer.self, from: Data(answer.output.utf8))
    }

    private static let script = """
        import http.client, json, socket, sys
        path, port, unix, headers = sys.argv[1], int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        if unix:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(unix)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        found = {}
        for name, value in answer.getheaders():
            found[name.lower()] = "; ".join(filter(None, [found.get(name.lower()), value]))
        print(json.dumps({"status": answer.status, "headers": found, "body": answer.read().decode()}))
        """
}
