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
