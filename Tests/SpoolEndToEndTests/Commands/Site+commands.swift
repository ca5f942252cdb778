import Testing

extension Site {
    /// Fetches everything, delivers it to these sinks and stops the daemon.
    ///
    /// - Returns: the ids of the delivered events.
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
