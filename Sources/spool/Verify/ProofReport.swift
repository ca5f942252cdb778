import Foundation
import SpoolCore

/// A report of a proof: a text file and a JSON file with the same content.
///
/// `report.txt` gets `report.txt.json` beside it; a name that ends in `.json` is the JSON, with `.txt` beside
/// it.
struct ProofReport {
    private struct Document: Encodable {
        let proof: Proof
        let events: Int
        let missing: Int
        let complete: Bool
        let shortfalls: [ProofShortfall]
        let missingEvents: [MissingEvent]

        private enum CodingKeys: String, CodingKey {
            case proof, events, missing, complete, shortfalls
            case missingEvents = "missing_events"
        }
    }

    private let proof: Proof
    private let missing: [MissingEvent]

    init(_ proof: Proof, _ missing: [MissingEvent]) {
        self.proof = proof
        self.missing = missing
    }

    /// The whole report as JSON: keys in snake case, times in milliseconds UTC.
    func json() throws -> String {
        try JSONText.of(
            Document(
                proof: proof,
                events: proof.events,
                missing: proof.missing,
                complete: proof.isComplete,
                shortfalls: proof.state == .done ? proof.shortfalls : [],
                missingEvents: missing
            )
        )
    }

    /// The paths of text and JSON for the name that the operator gave.
    static func paths(_ name: String) -> (text: String, json: String) {
        name.hasSuffix(".json") ? (String(name.dropLast(5)) + ".txt", name) : (name, name + ".json")
    }

    /// Rejects a name whose files could not be written, before the work starts.
    static func check(_ name: String) throws {
        let folder = name.lastIndex(of: "/").map { String(name[...$0]) } ?? "."
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
        else { throw CommandFailure(.wrongUse, "--report \(name): folder \(folder) does not exist") }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw CommandFailure(.wrongUse, "--report \(name): folder \(folder) is not writable")
        }
    }

    /// Writes both files; each is written completely or not at all.
    func write(_ name: String) throws {
        let paths = Self.paths(name)
        try write(text, to: paths.text)
        try write(try json() + "\n", to: paths.json)
    }

    private var text: String {
        let head = [
            "Proof of delivery \(proof.id), created by spool \(proof.version)",
            "requested       \(proof.request.from) to \(proof.request.to)",
            "started, ended  \(proof.started), \(proof.finished.map(\.description) ?? "-") (local clock)",
            "Each SHA-256 covers the ids in byte order, each followed by a line feed; docs/proof.md shows",
            "how to recompute it with sqlite3 and sha256sum.",
        ]
        return (head + ["", ProofText(proof, missing, isWhole: true).text]).joined(separator: "\n") + "\n"
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try NewFile(path: path, permissions: 0o640, replaces: true).write(text)
        } catch {
            throw CommandFailure(
                .wrongUse,
                "cannot write the report to \(path): "
                    + "its folder is missing or not writable, or the disk is full; "
                    + "the result is stored in the spool as proof \(proof.id)"
            )
        }
    }
}
