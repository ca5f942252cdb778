import SpoolReceiver
import SpoolTestSupport

extension Receiver {
    /// Listens again after a stop; waits while a connection of another test uses its port.
    func listenAgain() async throws {
        try await eventually("port \(port) can be listened on again") { (try? await restart()) != nil }
    }
}
