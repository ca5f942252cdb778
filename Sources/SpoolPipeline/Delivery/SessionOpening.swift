import SpoolCore

/// Opens a session, unless a stop is requested first: a connect timeout must not delay a stop.
struct SessionOpening: Sendable {
    enum Result: Sendable {
        case session(any SinkSession)
        case fault(SinkFault)
        case stopped
    }

    let sink: any Sink

    func open(stop: Stop) async -> Result {
        await withTaskGroup(of: Result.self) { group in
            group.addTask { await attempt() }
            group.addTask {
                await stop.asked()
                return .stopped
            }
            let first = await group.next() ?? .stopped
            group.cancelAll()
            guard case .stopped = first else { return first }
            // The attempt may have succeeded nevertheless.
            for await case .session(let late) in group { await late.close() }
            return .stopped
        }
    }

    private func attempt() async -> Result {
        do throws(SinkFault) {
            return .session(try await sink.open())
        } catch {
            return .fault(error)
        }
    }
}
