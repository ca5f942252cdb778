import Testing

extension Site {
    /// Fetches everything and delivers it to these sinks, and ends the daemon.
    ///
    /// - Returns: the ids of what was delivered.
    @discardableResult
    func deliverAll(to sinks: [SiteConfiguration.SinkText]) async throws -> Set<String> {
        try configure { $0.sinks = sinks }
        let daemon = try await daemon()
        let visible = try await fetchAll()
        for sink in sinks { try await drain(sink.name) }
        try await daemon.terminate()
        return visible
    }
}
