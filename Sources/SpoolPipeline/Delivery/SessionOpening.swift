import SpoolCore

/// Opens a session, unless a stop is requested first: a connect timeout must not delay a stop.
struct SessionOpening: Sendable {
    enum Result: Sendable {
        case session(any SinkSession)
        case fault(SinkFault)
        case stopped
    }

    let sink: any Sink

    func open(stop: ShutdownRequest) async -> Result {
        let results = await race(
            { await attempt() },
            {
                await stop.asked()
                return .stopped
            }
        )
        guard let first = results.first, case .stopped = first else { return results.first ?? .stopped }
        // The attempt may have succeeded nevertheless.
        for case .session(let late) in results { await late.close() }
        return .stopped
    }

    private func attempt() async -> Result {
        do throws(SinkFault) {
            return .session(try await sink.open())
        } catch {
            return .fault(error)
        }
    }
}
