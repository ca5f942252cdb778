import SpoolReceiver

extension Receiver {
    /// Listens again after a stop; waits while its port serves a connection of another test, which may have been
    /// given it meanwhile.
    func listenAgain() async throws {
        try await eventually("port \(port) can be listened on again") { (try? await restart()) != nil }
    }
}
