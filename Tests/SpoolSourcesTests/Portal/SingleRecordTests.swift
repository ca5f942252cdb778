import SpoolCore
import SpoolSimulator
import Testing

@testable import SpoolSources

@Suite("Asking the portal for one record")
struct SingleRecordTests {
    @Test(
        "answers it as a page would, also where the stream's filters do not let it through",
        arguments: [
            EventKind.activity, .alert,
        ]
    )
    func found(_ kind: EventKind) async throws {
        let streams = """
            { activities: { filters: { "activity.eventType": { eq: [EVENT_CATEGORY_LOGIN] } } }, alerts: {} }
            """
        try await Portals.with(Portals.configuration(history: 40), streams: streams) { portal, source in
            let stream = try #require(source.streams.first { $0.kind == kind })
            let portalStream: PortalStream = kind == .activity ? .activities : .alerts
            portal.insert([SimulatedRecord(id: "single-1", created: Portals.now - 5)], into: portalStream)

            for id in portal.visibleIDs(portalStream) {
                let event = try #require(try await source.record(id, of: stream))
                #expect(event.externalID == id && event.isReadable && event.kind == kind)
            }
            let last = try #require(portal.requests.requests().last)
            #expect(last.kind == .fetch && last.status == 200)
        }
    }

    @Test("nil for an id that the portal does not have")
    func unknown() async throws {
        try await Portals.with(Portals.configuration(history: 5)) { _, source in
            for stream in source.streams {
                let event = try await source.record("nobody/../x", of: stream)
                #expect(event == nil)
            }
        }
    }

    @Test("a refused token is told as such")
    func refused() async throws {
        try await Portals.with(Portals.configuration(history: 5), token: "wrong") { _, source in
            let stream = try #require(source.streams.first)

            let fault = await #expect(throws: SourceFault.self) { try await source.record("a", of: stream) }

            #expect(fault?.kind == .invalidToken)
        }
    }
}
