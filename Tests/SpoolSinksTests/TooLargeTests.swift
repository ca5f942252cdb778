import SpoolCore
import SpoolFormats
import Testing

@testable import SpoolSinks

@Suite("Events that do not fit a message")
struct TooLargeTests {
    @Test("are local refusals, in their positions, and each names the limit that it exceeds")
    func outcomes() {
        var rendered = RenderedBatch()
        rendered.tooLarge = [1]

        let runs = rendered.runs(of: 5, delivered: .sent, refusingDatagrams: [1, 3], limit: 2_048)

        let outcomes = runs.map(\.outcome)
        #expect(runs.map(\.count) == [1, 1, 1, 1, 1])
        #expect(
            outcomes == [
                .delivered(.sent), .refused(.tooLong(2_048)), .refused(.tooLongForDatagram(2_048)),
                .delivered(.sent), .refused(.tooLongForDatagram(2_048)),
            ]
        )
        for case .refused(let refusal) in outcomes {
            #expect(refusal.isLocal && refusal.detail.contains("2048") && refusal.reason == "too-large")
        }
    }
}
