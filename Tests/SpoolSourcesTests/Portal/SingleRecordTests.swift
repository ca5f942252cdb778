import SpoolCore
import SpoolSimulator
import Testing

@testable import SpoolSources

@Suite("Requesting one record from the portal")
struct SingleRecordTests {
    @Test(
        "returns it as a page would, even if the stream's filters exclude it",
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

    @Test("returns nil for an id that the portal does not have")
    func unknown() async throws {
        try await Portals.with(Portals.configuration(history: 5)) { _, source in
            for stream in source.streams {
                let event = try await source.record("nobody/../x", of: stream)
                #expect(event == nil)
            }
        }
    }

    @Test("reports a rejected token as such")
    func refused() async throws {
        try await Portals.with(Portals.configuration(history: 5), token: "wrong") { _, source in
            let stream = try #require(source.streams.first)

            let fault = await #expect(throws: SourceFault.self) { try await source.record("a", of: stream) }

            #expect(fault?.kind == .invalidToken)
        }
    }
}
