package import SpoolCore
import SpoolSinks

extension Composition {
    /// The sources, in the order of the file.
    package var allSources: [any Source] { sources.map(\.content) }

    /// The sinks, in the order of the file.
    package var allSinks: [any Sink] { sinks.map(\.content.sink) }
}
