import SpoolControl
import SpoolCore
import SpoolStore

extension StatusReport {
    /// Fills in events a minute.
    mutating func set(_ rates: SpoolRates, of status: SpoolStatus) {
        for stream in status.streams {
            guard let index = streams.firstIndex(where: { $0.name == stream.name.description }) else {
                continue
            }
            streams[index].perMinute = rates.streams[stream.id] ?? 0
        }
        for sink in status.sinks {
            guard let index = sinks.firstIndex(where: { $0.name == sink.name.text }) else { continue }
            sinks[index].perMinute = rates.sinks[sink.id] ?? 0
        }
    }
}
