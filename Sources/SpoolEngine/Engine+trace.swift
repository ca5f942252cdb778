package import SpoolControl
import SpoolCore
import SpoolPipeline

extension Engine {
    /// Requests one record from every configured stream's source, within each tenant's budget.
    package func trace(_ id: String) async -> [SourceTrace] {
        var found: [SourceTrace] = []
        for stream in sources.streams.sorted(by: { $0.name.description < $1.name.description }) {
            guard let access = sources.access(to: stream.name) else { continue }
            let inquiry = SourceInquiry(source: access.source, stream: access.stream) {
                await access.gate.take(.recovery, stop: ShutdownRequest())
            }
            found.append(await inquiry.run(id))
        }
        return found
    }
}
