import SpoolCore
import SpoolNetwork

/// The common part of all requests for one stream: their address and the interpretation of responses.
struct Request {
    let stream: DefenderStream
    let faults: DefenderFault
    private let base: BaseURL

    init(_ stream: DefenderStream, on settings: DefenderSettings, isContinuation: Bool = false) {
        self.stream = stream
        base = settings.url
        let isLegacyToken =
            switch settings.authentication {
            case .token: true
            case .application: false
            }
        faults = DefenderFault(
            peer: settings.url.peer,
            stream: stream.stream.name,
            isContinuation: isContinuation,
            isLegacyToken: isLegacyToken
        )
    }

    /// Always a POST with a JSON body, because a GET's `limit` is ignored.
    func list(_ body: [UInt8]) -> HTTPCall {
        HTTPCall(
            .post,
            base,
            DefenderRequest.path(stream.stream.kind),
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")],
            body: body
        )
    }

    func record(_ id: String) -> HTTPCall {
        HTTPCall(
            .get,
            base,
            DefenderRequest.recordPath(stream.stream.kind, id: id),
            headers: [("Accept", "application/json")]
        )
    }

    func date(of answer: HTTPAnswer) throws(SourceFault) -> Timestamp {
        if let date = answer.header("date").flatMap(HTTPDate.timestamp) { return date }
        throw faults.withoutDate()
    }

    /// Slices the response to a request for `limit` records.
    func list(of answer: HTTPAnswer, limit: Int) throws(SourceFault) -> ListAnswer {
        if let fault = faults.fault(of: answer) { throw fault }
        let date = try date(of: answer)
        do {
            // A page may contain more records than requested: the rest of a millisecond, which is at most a
            // whole list.
            let most = limit + DefenderRequest.offsetLimit
            return try ListAnswer(answer.body, most: most, kind: stream.stream.kind, date: date)
        } catch {
            throw faults.fault(of: error)
        }
    }
}
