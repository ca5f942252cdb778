package import SpoolEngine
package import SpoolTestSupport

/// A configuration of one source, one sink and no status page, whose addresses refuse connections.
package enum SampleComposition {
    /// Writes the configuration into a folder and reads it; the spool lies there as well.
    package static func make(in folder: TemporaryFolder, hasSink: Bool = true) throws -> Composition {
        let siem =
            "{ name: siem, type: syslog, address: 127.0.0.1:1, transport: tcp, streams: [tenant/activities] }"
        let yaml = """
            spool: { path: \(folder.path("spool.db")) }
            sources:
              - name: tenant
                type: defender-cloud-apps
                url: http://127.0.0.1:1
                auth: { token: "${TOKEN}" }
                streams: { activities: {} }
            sinks: [\(hasSink ? siem : "")]
            status: { listen: none }
            """
        return try Composition.read(
            path: try folder.write(yaml, to: "spool.yaml"),
            environment: ["TOKEN": String(repeating: "x", count: 64)],
            hostName: "host"
        )
    }
}
