package import Foundation

/// Recorded answers of the portal and lines of the retired agent, shared by the test targets.
package enum SampleFile: String, CaseIterable, Sendable {
    /// A list of activities.
    case activities = "activities.json"
    /// A list of alerts.
    case alerts = "alerts.json"
    /// Lines as the retired agent sent them, one for each of some records of the lists.
    case goldenLines = "cef-golden.txt"

    /// The bytes of the file.
    package func data() throws -> Data {
        let folder = Bundle.module.bundleURL.appendingPathComponent("Samples")
        return try Data(contentsOf: folder.appendingPathComponent(rawValue))
    }

    /// The lines of the file; empty ones are left out.
    package func lines() throws -> [String] {
        String(decoding: try data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
