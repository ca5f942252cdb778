import Synchronization

/// The portal without its sockets: handles requests and returns responses.
final class Portal: Sendable {
    let configuration: SimulatorConfiguration
    let clock: SimulatorClock
    let waiters = RequestWaiters()
    private let state: Mutex<PortalState>

    init(_ configuration: SimulatorConfiguration) {
        self.configuration = configuration
        clock = configuration.clock
        state = Mutex(PortalState(configuration, startMs: clock.nowMs))
    }

    /// Runs `body` on the state, with all records that exist by now.
    func withState<Result>(_ body: (inout sending PortalState, Int64) throws -> sending Result) rethrows
        -> sending Result
    {
        let now = clock.nowMs
        return try state.withLock { state in
            state.grow(to: now)
            return try body(&state, now)
        }
    }

    func respond(to request: IncomingRequest) -> Answer {
        if request.path.first == "simulator" { return control(request) }
        if let target = tokenRequest(request) { return respond(to: request, token: target) }
        guard request.path.count >= 3, request.path.count <= 4, request.path[0] == "api",
            request.path[1] == "v1",
            let stream = PortalStream(rawValue: request.path[2])
        else { return Answer(404, html: "Not Found") }
        let id = request.path.count == 4 ? request.path[3] : nil
        guard request.method == "GET" || (request.method == "POST" && id == nil) else {
            return .detail(405, "Method \"\(request.method)\" not allowed.")
        }
        return respond(to: request, stream: stream, id: id)
    }

    private func respond(to request: IncomingRequest, stream: PortalStream, id: String?) -> Answer {
        let outcome = withState { state, now in
            PortalDecision(request, stream: stream, id: id, configuration: configuration, now: now).make(
                &state
            )
        }
        notify()
        return outcome.answer()
    }

    private func respond(to request: IncomingRequest, token: (tenant: String, isVersion2: Bool)) -> Answer {
        let answer = withState { state, now in
            let fault = state.faults.strike(.token, isList: false)
            var answer = state.authority.token(
                tenant: token.tenant,
                isVersion2: token.isVersion2,
                form: request.form,
                now: now
            )
            if state.hangsUp { answer.delivery = .hangUp }
            if let fault { answer = answer.suffering(fault, now: now) }
            state.log.append(
                PortalRequest(
                    atMs: now,
                    target: .token,
                    kind: .token,
                    body: request.bodyText,
                    status: answer.delivery == .hangUp ? 0 : answer.status,
                    records: 0,
                    fault: fault
                )
            )
            return answer
        }
        notify()
        return answer
    }

    private func tokenRequest(_ request: IncomingRequest) -> (tenant: String, isVersion2: Bool)? {
        guard request.method == "POST", request.path.count >= 3, request.path[1] == "oauth2" else {
            return nil
        }
        switch request.path[2...] {
        case ["v2.0", "token"]: return (request.path[0], true)
        case ["token"]: return (request.path[0], false)
        default: return nil
        }
    }

    private func notify() {
        waiters.check { self.state.withLock { $0.log } }
    }
}

/// The simulator's control routes, for other processes:
///
/// - `GET /simulator/truth?stream=activities&from=MS&to=MS&basis=created|date&shown=true`: one JSON line per
///   record
/// - `GET /simulator/requests`: counts by stream and kind, and the busiest minute
/// - `POST /simulator/faults`: adds a rule; `DELETE` removes all
/// - `POST /simulator/clock`: `{"advance_ms": …}`, `{"set_ms": …}` or `{"speed": …}`; `GET` returns the time
/// - `POST /simulator/rate`: `{"activities_per_second": …}`
/// - `POST /simulator/portal`: `{"hangs_up": true}`; these routes keep responding
extension Portal {
    func control(_ request: IncomingRequest) -> Answer {
        do throws(FieldError) {
            switch (request.method, request.path.dropFirst().first) {
            case ("GET", "truth"): return try truth(request.query)
            case ("GET", "requests"): return requests()
            case ("GET", "clock"): return time()
            case ("POST", "clock"): return setClock(try request.parameters())
            case ("POST", "faults"): return addFault(try FaultRule(.object(try request.parameters())))
            case ("DELETE", "faults"):
                withState { state, _ in state.faults.clear() }
                return Answer(200, json: .object([:]))
            case ("POST", "rate"): return try setRate(request.parameters())
            case ("POST", "portal"):
                let hangsUp = try request.parameters()["hangs_up"]?.bool ?? false
                withState { state, _ in state.hangsUp = hangsUp }
                return Answer(200, json: .object(["hangs_up": .bool(hangsUp)]))
            default: return .detail(404, "Not found.")
            }
        } catch {
            return .refused(error)
        }
    }

    private func truth(_ query: [String: String]) throws(FieldError) -> Answer {
        guard let stream = PortalStream(rawValue: query["stream"] ?? "activities") else {
            throw FieldError(field: "stream", message: "activities or alerts")
        }
        let window = TruthWindow(
            query["basis"] == "date" ? .date : .created,
            fromMs: query["from"].flatMap { Int64($0) } ?? .min,
            toMs: query["to"].flatMap { Int64($0) } ?? .max
        )
        let records = withState { state, now in state[stream].truth(window, now: now) }
        var lines: [UInt8] = []
        for record in records where query["shown"] != "true" || record.shown > 0 {
            var line = JSONWriter()
            line.object { object in
                if let id = record.id { object.text("id", id) } else { object.raw("id", "null") }
                object.number("created", record.created)
                object.number("timestamp", record.timestamp)
                object.number("visible_at", record.visibleAt)
                object.number("shown", Int64(record.shown))
            }
            lines += line.bytes
            lines.append(0x0A)
        }
        var answer = Answer(200, json: lines)
        answer.contentType = "application/x-ndjson"
        return answer
    }

    private func requests() -> Answer {
        let log = withState { state, _ in state.log }
        var counts: [String: JSONValue] = [:]
        for (name, requests) in Dictionary(
            grouping: log.requests,
            by: { "\($0.target.rawValue)_\($0.kind.rawValue)" }
        ) {
            counts[name] = .integer(Int64(requests.count))
        }
        counts["total"] = .integer(Int64(log.total))
        counts["busiest_minute"] = .integer(Int64(log.busiestMinute))
        return Answer(200, json: .object(counts))
    }

    private func addFault(_ rule: FaultRule) -> Answer {
        let count = withState { state, _ in
            state.faults.add(rule)
            return state.faults.rules.count
        }
        return Answer(200, json: .object(["rules": .integer(Int64(count))]))
    }

    private func time() -> Answer {
        Answer(200, json: .object(["now_ms": .integer(clock.nowMs)]))
    }

    private func setClock(_ parameters: [String: JSONValue]) -> Answer {
        if let time = parameters["set_ms"]?.integer { clock.set(toMs: time) }
        if let wait = parameters["advance_ms"]?.integer { clock.advance(by: .milliseconds(wait)) }
        if let speed = parameters["speed"]?.double { clock.setSpeed(speed) }
        return time()
    }

    private func setRate(_ parameters: [String: JSONValue]) throws(FieldError) -> Answer {
        guard let rate = parameters["activities_per_second"]?.double, rate >= 0 else {
            throw FieldError(
                field: "activities_per_second",
                message: "Expected a number of activities per second"
            )
        }
        setRate(activitiesPerSecond: rate)
        return Answer(200, json: .object(["activities_per_second": .double(rate)]))
    }

    /// Changes the rate of new activities, and the rate of alerts in proportion.
    func setRate(activitiesPerSecond rate: Double) {
        let perAlert = configuration.activitiesPerAlert
        withState { state, now in
            state.activities.setRate(rate, now: now)
            state.alerts.setRate(perAlert > 0 ? rate / Double(perAlert) : 0, now: now)
        }
    }
}
