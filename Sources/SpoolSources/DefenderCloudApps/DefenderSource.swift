package import SpoolCore
package import SpoolNetwork

/// Microsoft Defender for Cloud Apps over its REST API: activities and alerts.
package struct DefenderSource: Source {
    /// The maximum size of a page in bytes.
    static let bodyCap = 16 << 20

    package let settings: DefenderSettings
    private let requester: HTTPRequester
    private let authorizer: Authorizer
    private let bodyCap: Int

    /// Makes the client; the first request opens a connection.
    package init(_ settings: DefenderSettings) {
        self.init(settings, http: HTTPSettings(tls: settings.tls, route: settings.route))
    }

    init(
        _ settings: DefenderSettings,
        http: HTTPSettings,
        bodyCap: Int = DefenderSource.bodyCap,
        elapsed: (@Sendable () -> Duration)? = nil
    ) {
        self.settings = settings
        self.bodyCap = bodyCap
        requester = HTTPRequester(http)
        let start = ContinuousClock.now
        authorizer = Authorizer(
            settings.authentication,
            requester: requester,
            elapsed: elapsed ?? { ContinuousClock.now - start }
        )
    }

    package var name: String { settings.name }
    package var type: String { Sources.defenderCloudApps }
    package var budgetKey: String { settings.url.description }
    package var requestsPerMinute: Int { settings.requestsPerMinute }
    package var pollInterval: Duration { settings.poll }
    package var streams: [SourceStream] { settings.streams.map(\.stream) }

    package func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        let request = Request(try known(stream), on: settings)
        switch try await exchange(request.list(DefenderRequest.probe(request.stream)), request.faults) {
        case .answer(let answer):
            // Parse the response completely: a response that is not a valid page does not show that the
            // source is readable.
            return try request.list(of: answer, limit: 1).date
        case .tooLarge(let beginning, _):
            // A single large record is not a fault of the source.
            if let fault = request.faults.fault(of: beginning) { throw fault }
            return try request.date(of: beginning)
        }
    }

    package func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        let position = try ScanPosition(scan.position)
        let request = Request(try known(stream), on: settings, isContinuation: scan.position != nil)
        let body = try DefenderRequest.page(request.stream, scan: scan, position: position, limit: limit)
        let list: ListAnswer
        switch try await exchange(request.list(body), request.faults) {
        case .answer(let answer): list = try request.list(of: answer, limit: limit)
        // Any other response that is too large is not a record and is discarded.
        case .tooLarge(let beginning, _) where limit <= 1 && RecordSlicer.beginsWithRecord(beginning.body):
            list = try await oversized(request, beginning: beginning)
        case .tooLarge(_, let fault): throw fault
        }
        return DefenderAnswer(list: list, position: position, scan: scan)
    }

    package func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event? {
        let request = Request(try known(stream), on: settings)
        let answer: HTTPAnswer
        switch try await exchange(request.record(id), request.faults) {
        case .answer(let whole): answer = whole
        case .tooLarge(_, let fault): throw fault
        }
        // A web page shows that this is not the API.
        if answer.status == 404, !answer.isWebPage { return nil }
        if let fault = request.faults.fault(of: answer) { throw fault }
        let date = try request.date(of: answer)
        do throws(SliceError) {
            let record = try RecordSlicer.single(answer.body)
            let reading = RecordParser(kind: stream.kind, date: date)
            return reading.event(of: answer.body[record.range], isClean: record.isClean)
        } catch {
            throw request.faults.fault(of: error)
        }
    }

    package func shutDown() async {
        await authorizer.shutDown()
        await requester.shutDown()
    }

    private func known(_ stream: SourceStream) throws(SourceFault) -> DefenderStream {
        if let known = settings.streams.first(where: { $0.stream.name == stream.name }) { return known }
        throw SourceFault(.rejected, "stream \(stream.name) is not configured for source \(name)")
    }

    /// Reads a single record above the size limit by its own GET, which has no envelope, or keeps its
    /// beginning as unreadable.
    private func oversized(_ request: Request, beginning: HTTPAnswer) async throws(SourceFault) -> ListAnswer
    {
        if let fault = request.faults.fault(of: beginning) { throw fault }
        let kind = request.stream.stream.kind
        let record = OversizedRecord(beginning.body)
        if let id = record.id,
            case .answer(let answer) = try await exchange(request.record(id), request.faults)
        {
            if let fault = request.faults.fault(of: answer), answer.status != 404 { throw fault }
            if answer.status == 200, let whole = try? RecordSlicer.single(answer.body) {
                let date = try request.date(of: answer)
                return ListAnswer(answer.body, single: whole, kind: kind, date: date)
            }
        }
        return record.unreadable(kind: kind, date: try request.date(of: beginning))
    }

    /// The result of a request: a response, or one above the size limit.
    private enum Exchange {
        case answer(HTTPAnswer)
        case tooLarge(beginning: HTTPAnswer, SourceFault)
    }

    /// Sends a request with its authorization; if the token is rejected, once more with a new one, if
    /// available.
    private func exchange(_ call: HTTPCall, _ faults: DefenderFault) async throws(SourceFault) -> Exchange {
        guard let header = try await authorizer.header() else { return try await send(call, nil) }
        let first = try await send(call, header)
        guard case .answer(let answer) = first, faults.isRejection(answer),
            let fresh = try await authorizer.header(insteadOf: header), fresh != header
        else { return first }
        return try await send(call, fresh)
    }

    private func send(_ call: HTTPCall, _ authorization: String?) async throws(SourceFault) -> Exchange {
        var call = call
        if let authorization { call.headers.append(("Authorization", authorization)) }
        do {
            return .answer(try await requester.send(call, cap: bodyCap))
        } catch {
            let fault = DefenderFault.transport(error)
            guard case .tooLarge(let beginning) = error.kind else { throw fault }
            return .tooLarge(beginning: beginning, fault)
        }
    }
}

extension DefenderSource: NetworkPeer {
    package var connections: [ConnectionPlan] {
        var plans = [
            ConnectionPlan(role: .portal, url: settings.url, tls: settings.tls, route: settings.route)
        ]
        if case .application(let application) = settings.authentication {
            plans.append(
                ConnectionPlan(
                    role: .login,
                    url: application.authority,
                    tls: settings.tls,
                    route: settings.route
                )
            )
        }
        return plans
    }
}

/// A record that is larger than the size limit of a page by itself, known from the beginning of the response.
struct OversizedRecord {
    /// How many bytes are kept when the record cannot be read completely.
    static let kept = 64 << 10

    private let beginning: [UInt8]
    /// Its id, if the beginning contains one in the API's form.
    let id: String?

    init(_ beginning: [UInt8]) {
        self.beginning = beginning
        id = RecordSlicer.text(of: "_id", inFirstRecordOf: beginning).flatMap { range in
            let isID =
                (1...256).contains(range.count)
                && beginning[range].allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
            return isID ? String(decoding: beginning[range], as: UTF8.self) : nil
        }
    }

    /// The response when only the beginning is available: an unreadable record, kept rather than lost.
    func unreadable(kind: EventKind, date: Timestamp) -> ListAnswer {
        let raw = Array(beginning.prefix(Self.kept))
        let record = SlicedRecord(range: 0..<raw.count, isClean: false)
        return ListAnswer(raw, single: record, kind: kind, date: date)
    }
}
