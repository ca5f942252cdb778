/// Decides one request for a list or a record under the portal's lock; the response is encoded afterwards.
struct PortalDecision {
    enum Outcome: Sendable {
        case done(Answer)
        case page(PageText)
        case record(RecordCopy)
    }

    private let request: IncomingRequest
    private let stream: PortalStream
    private let id: String?
    private let configuration: SimulatorConfiguration
    private let now: Int64

    init(
        _ request: IncomingRequest,
        stream: PortalStream,
        id: String?,
        configuration: SimulatorConfiguration,
        now: Int64
    ) {
        self.request = request
        self.stream = stream
        self.id = id
        self.configuration = configuration
        self.now = now
    }

    func make(_ state: inout PortalState) -> FaultyOutcome {
        let target: RequestTarget = stream == .activities ? .activities : .alerts
        let fault = state.hangsUp ? .hangUp : state.faults.strike(target, isList: id == nil)
        var outcome: Outcome
        var kind = id == nil ? PortalRequest.Kind.list : .fetch
        do throws(FieldError) {
            outcome = try decide(&state, fault: fault, kind: &kind)
        } catch {
            outcome = .done(.refused(error))
        }
        if let fault, let answer = Answer(instead: fault, now: now) { outcome = .done(answer) }
        let faulty = FaultyOutcome(outcome: outcome, fault: fault, now: now)
        state.log.append(
            PortalRequest(
                atMs: now,
                target: target,
                kind: kind,
                body: request.method == "GET" ? request.rawQuery : request.bodyText,
                status: faulty.status,
                records: faulty.records,
                fault: fault
            )
        )
        return faulty
    }

    private func decide(
        _ state: inout PortalState,
        fault: Fault?,
        kind: inout PortalRequest.Kind
    ) throws(FieldError) -> Outcome {
        guard state.authority.admits(request.authorization, now: now) else {
            return .done(.detail(401, "Invalid token"))
        }
        guard state.authority.credentials.permissions.contains(stream) else {
            return .done(.detail(403, "You do not have permission to perform this action."))
        }
        if let throttle = state.throttle, let wait = state.meter.admit(throttle, now: now) {
            return .done(
                .throttled(seconds: wait, throttle.sendsRetryAfter ? .seconds(wait) : .absent, now: now)
            )
        }
        if let id { return fetch(id, state) }
        let parameters = try request.parameters()
        if parameters["isScan"]?.bool == true { kind = .scan }
        let vocabulary = FilterVocabulary(
            stream: stream,
            acceptsEveryTimeOperator: configuration.acceptsEveryTimeOperator
        )
        let query = try ListQuery(
            parameters,
            stream: stream,
            limits: configuration.limits,
            vocabulary: vocabulary,
            now: now
        )
        try checkAge(of: query, state.oldWindows)
        return .page(select(query, &state, fault: fault))
    }

    private func fetch(_ id: String, _ state: PortalState) -> Outcome {
        let shelf = state[stream]
        guard let place = shelf.place(of: id), shelf.entries[Int(place)].visibleAt <= now,
            let copy = shelf.copies(of: [place]).first
        else { return .done(.detail(404, "Not found.")) }
        return .record(copy)
    }

    private func checkAge(of query: ListQuery, _ oldWindows: OldWindows) throws(FieldError) {
        guard case .limitedToAWeek = oldWindows else { return }
        let bounds = query.filters.bounds(of: query.sortField)
        // A list without a lower bound starts with the newest records.
        guard bounds.lower > .min else { return }
        let lower = max(bounds.lower, 0)
        guard lower < now - 30 * 86_400_000, min(bounds.upper, now) - lower > 7 * 86_400_000 else { return }
        throw FieldError(
            field: query.sortField.rawValue,
            message: "Windows older than 30 days may span at most one week"
        )
    }

    private func select(_ asked: ListQuery, _ state: inout PortalState, fault: Fault?) -> PageText {
        var query = asked
        switch fault {
        case .samePage: query = state.lastQueries[stream] ?? asked
        case .descending: query.isAscending = false
        case .shortPage: query.limit = max(1, asked.limit / 2)
        case .longPage: query.limit = asked.limit * 2
        default: break
        }
        state.lastQueries[stream] = query
        let selector = PageSelector(
            query: query,
            now: now,
            oldest: oldest(state.oldWindows),
            groups: configuration.millisecondGroups,
            seed: configuration.seed
        )
        var page = query.isScan ? selector.scan(&state[stream]) : selector.list(&state[stream])
        if fault == .emptyPageWithNext {
            page = PageSelection(
                places: [],
                hasNext: true,
                nextFilters: .object(asked.filters.source),
                total: page.total
            )
            if !query.isScan { page.nextFilters = nil }
        }
        if fault == .missingNextFilters {
            page.hasNext = true
            page.nextFilters = nil
        }
        let text = PageText(
            page,
            stream: stream,
            copies: state[stream].copies(of: page.places),
            largest: configuration.limits.alerts,
            fault: fault
        )
        if fault?.replacesAnswer != true, fault?.spoilsPage != true {
            var readable = page.places
            if let spoiled = text.spoiledRecord, fault != .invalidUTF8 { readable.remove(at: spoiled) }
            state[stream].markShown(readable)
        }
        return text
    }

    private func oldest(_ oldWindows: OldWindows) -> Int64 {
        switch oldWindows {
        case .silentlyEmpty: now - 30 * 86_400_000
        case .answered, .limitedToAWeek: now - milliseconds(configuration.retention)
        }
    }
}
