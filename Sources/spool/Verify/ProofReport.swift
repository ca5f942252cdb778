import Foundation
import SpoolCore

/// A proof to be kept: a file for people and the same as JSON beside it.
///
/// `report.txt` gets `report.txt.json` beside it; a name that ends in `.json` is the JSON, with `.txt` beside it.
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

    /// All of it as JSON, keys in snake case, times in milliseconds UTC.
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

    /// Where text and JSON go for the name an operator gave.
    static func paths(_ name: String) -> (text: String, json: String) {
        name.hasSuffix(".json") ? (String(name.dropLast(5)) + ".txt", name) : (name, name + ".json")
    }

    /// Refuses a name whose files could not be written, before the work begins.
    static func check(_ name: String) throws {
        let folder = name.lastIndex(of: "/").map { String(name[...$0]) } ?? "."
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
        else { throw CommandFailure(.wrongUse, "--report \(name): there is no folder \(folder)") }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw CommandFailure(.wrongUse, "--report \(name): the folder \(folder) is not writable")
        }
    }

    /// Writes both files; each is there as a whole or not at all.
    func write(_ name: String) throws {
        let paths = Self.paths(name)
        try write(text, to: paths.text)
        try write(try json() + "\n", to: paths.json)
    }

    private var text: String {
        let head = [
            "Proof of delivery \(proof.id), made by spool \(proof.version)",
            "asked for     \(proof.request.from) to \(proof.request.to)",
            "begun, ended  \(proof.started), \(proof.finished.map(\.description) ?? "-") (this machine's clock)",
            "The SHA-256 are over ids in the order of their bytes, each with a line feed; docs/proof.md says how to make",
            "them again with sqlite3 and sha256sum.",
        ]
        return (head + ["", ProofText(proof, missing, isWhole: true).text]).joined(separator: "\n") + "\n"
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try NewFile(path: path, permissions: 0o640, replaces: true).write(text)
        } catch {
            throw CommandFailure(
                .wrongUse,
                "the report cannot be written to \(path): its folder is missing or not writable, or the disk is full; "
                    + "the result is kept in the spool as proof \(proof.id)"
            )
        }
    }
}
