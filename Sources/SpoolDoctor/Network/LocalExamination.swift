import SpoolCore

/// Examines a sink without a network connection, such as the journal: opens it and sends nothing.
struct LocalExamination {
    let sink: any Sink

    func run() async -> Finding {
        let subject = "sink \(sink.name)"
        let did = "opened \(sink.address) and sent nothing"
        do throws(SinkFault) {
            let session = try await sink.open()
            await session.close()
            return Finding(subject, "connection", .ok, did: did, found: "it exists and is writable")
        } catch {
            let halves = SentenceHalves(error.description)
            return Finding(
                subject,
                "connection",
                .problem,
                did: did,
                found: halves.found,
                remedy: halves.remedy
            )
        }
    }
}
