package import SpoolControl
import SpoolCore
import SpoolPipeline

extension Engine {
    /// Asks every configured stream's source for one record, each request within its tenant's budget.
    package func trace(_ id: String) async -> [SourceTrace] {
        var found: [SourceTrace] = []
        for stream in sources.streams.sorted(by: { $0.name.description < $1.name.description }) {
            guard let access = sources.access(to: stream.name) else { continue }
            let inquiry = SourceInquiry(source: access.source, stream: access.stream) {
                await access.gate.take(.recovery, stop: Stop())
            }
            found.append(await inquiry.run(id))
        }
        return found
    }
}
